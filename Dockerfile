# One image for every command of iwmo-gateway. Build: docker build --tag iwmo-gateway .

ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS wheel
WORKDIR /build
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin iwmo \
    && install --directory --owner=iwmo --group=iwmo --mode=0700 /data
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl && rm -r /wheels

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    IWMO_HOST=0.0.0.0 \
    IWMO_PORT=8080 \
    IWMO_DATABASE_URL=sqlite:////data/iwmo.db
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080

# For `serve`; switch it off where another command runs.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ['IWMO_PORT']), timeout=4); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]

ENTRYPOINT ["iwmo-gateway"]
CMD ["serve"]
