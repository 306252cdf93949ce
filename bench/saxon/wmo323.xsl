<?xml version="1.0" encoding="UTF-8"?>
<!-- The rules of level 2 of a 323. -->
<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:f="urn:bench" xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema"
    xpath-default-namespace="http://www.istandaarden.nl/iwmo/3_2/wmo323/schema" exclude-result-prefixes="xs f iwmo">
  <xsl:import href="shared.xsl"/>
  <xsl:variable name="dagtekening"
      select="xs:date(/Bericht/Header/BerichtIdentificatie/iwmo:Dagtekening)"/>
  <xsl:key name="referentie" match="Prestatie" use="ProductReferentie/iwmo:ReferentieNummer"/>

  <xsl:template match="/">
    <faults><xsl:apply-templates select="Bericht/Declaratie, //Client, //Prestatie"/></faults>
  </xsl:template>

  <xsl:template match="Declaratie">
    <xsl:variable name="first" select="xs:date(DeclaratiePeriode/iwmo:Begindatum)"/>
    <xsl:variable name="last" select="xs:date(DeclaratiePeriode/iwmo:Einddatum)"/>
    <xsl:variable name="day" select="xs:date(DeclaratieDagtekening)"/>
    <xsl:variable name="lines" select="Clienten/Client/Prestaties/Prestatie"/>
    <xsl:variable name="debits" select="$lines[IngediendBedrag/iwmo:DebetCredit != 'C']"/>
    <xsl:if test="$day gt $dagtekening">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR134'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="$day lt $first or $day gt $dagtekening">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR137'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="TotaalIngediendBedrag/((if (iwmo:DebetCredit = 'C') then -1 else 1) * xs:integer(iwmo:TotaalBedrag))
        != sum($lines/IngediendBedrag/((if (iwmo:DebetCredit = 'C') then -1 else 1) * xs:integer(iwmo:Bedrag)))">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR358'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="min(($first, $last)) lt xs:date('2021-01-01')">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS100'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="TotaalIngediendBedrag[xs:integer(iwmo:TotaalBedrag) = 0 and iwmo:DebetCredit = 'C']">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS325'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="day-from-date($first) != 1
        or $last != $first + xs:yearMonthDuration('P1M') - xs:dayTimeDuration('P1D')">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS340'"/></xsl:call-template>
    </xsl:if>
    <xsl:for-each-group select="Clienten/Client" group-by="Bsn">
      <xsl:for-each select="tail(current-group())">
        <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR101'"/></xsl:call-template>
      </xsl:for-each>
    </xsl:for-each-group>
    <xsl:for-each-group select="$lines" group-by="ProductReferentie/iwmo:VorigReferentieNummer">
      <xsl:for-each select="tail(current-group())">
        <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR315'"/></xsl:call-template>
      </xsl:for-each>
    </xsl:for-each-group>
    <xsl:for-each-group select="$debits" group-by="string-join((string(xs:integer(ToewijzingNummer)), ProductCategorie, ProductCode,
        ProductPeriode/iwmo:Begindatum, ProductPeriode/iwmo:Einddatum), '|')">
      <xsl:for-each select="tail(current-group())">
        <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR416'"/></xsl:call-template>
      </xsl:for-each>
    </xsl:for-each-group>
  </xsl:template>

  <xsl:template match="Client">
    <xsl:call-template name="bsn"><xsl:with-param name="bsn" select="string(Bsn)"/></xsl:call-template>
    <xsl:for-each-group select="Prestaties/Prestatie" group-by="string-join((ProductReferentie/iwmo:ReferentieNummer,
        string(ProductReferentie/iwmo:VorigReferentieNummer)), '|')">
      <xsl:for-each select="tail(current-group())">
        <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR101'"/></xsl:call-template>
      </xsl:for-each>
    </xsl:for-each-group>
  </xsl:template>

  <xsl:template match="Prestatie">
    <xsl:variable name="first" select="xs:date(ProductPeriode/iwmo:Begindatum)"/>
    <xsl:variable name="last" select="xs:date(ProductPeriode/iwmo:Einddatum)"/>
    <xsl:variable name="credit" select="IngediendBedrag/iwmo:DebetCredit = 'C'"/>
    <xsl:variable name="vorige" select="ProductReferentie/iwmo:VorigReferentieNummer"/>
    <xsl:if test="exists(key('referentie', $vorige))">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR316'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="not($credit) and f:number(string($last)) + 50000
        lt f:number(string(/Bericht/Declaratie/DeclaratieDagtekening))">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR335'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="$credit != exists($vorige)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD060'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="(Eenheid = '83') = exists(ProductTarief)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD087'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="min(($first, $last)) lt xs:date('2021-01-01')">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS100'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="xs:integer(IngediendBedrag/iwmo:Bedrag) = 0 and $credit">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS325'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="year-from-date($first) != year-from-date($last)
        or month-from-date($first) != month-from-date($last)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS337'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Eenheid = '83' and xs:integer(IngediendBedrag/iwmo:Bedrag) != xs:integer(GeleverdVolume)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS339'"/></xsl:call-template>
    </xsl:if>
  </xsl:template>
</xsl:stylesheet>
