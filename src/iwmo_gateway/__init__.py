"""iwmo_gateway: takes iWmo and iJw messages, judges them, keeps them and answers them."""

from importlib.metadata import version

__version__ = version("iwmo-gateway")
