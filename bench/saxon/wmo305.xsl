<?xml version="1.0" encoding="UTF-8"?>
<!-- The rules of level 2 of a 305. -->
<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:f="urn:bench" xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema"
    xpath-default-namespace="http://www.istandaarden.nl/iwmo/3_2/wmo305/schema" exclude-result-prefixes="xs f iwmo">
  <xsl:import href="shared.xsl"/>
  <xsl:variable name="dagtekening"
      select="xs:date(/Bericht/Header/BerichtIdentificatie/iwmo:Dagtekening)"/>

  <xsl:template match="/">
    <faults><xsl:apply-templates select="Bericht/Client, //StartProduct"/></faults>
  </xsl:template>

  <xsl:template match="Client">
    <xsl:call-template name="geboortedatum">
      <xsl:with-param name="geboorte" select="Geboortedatum"/>
      <xsl:with-param name="dagtekening" select="$dagtekening"/>
    </xsl:call-template>
    <xsl:call-template name="bsn"><xsl:with-param name="bsn" select="string(Bsn)"/></xsl:call-template>
    <xsl:for-each-group select="StartProducten/StartProduct" group-by="string-join((string(number(ToewijzingNummer)), string(Product/iwmo:Categorie),
        string(Product/iwmo:Code), string(Begindatum)), '|')">
      <xsl:for-each select="tail(current-group())">
        <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR101'"/></xsl:call-template>
      </xsl:for-each>
    </xsl:for-each-group>
  </xsl:template>

  <xsl:template match="StartProduct">
    <xsl:if test="not(StatusAanlevering = ('1', '3'))">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS058'"/></xsl:call-template>
    </xsl:if>
  </xsl:template>
</xsl:stylesheet>
