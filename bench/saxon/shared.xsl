<?xml version="1.0" encoding="UTF-8"?>
<!-- What the rule sets of all messages share: how a fault is told, and rules about persons. -->
<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:f="urn:bench" xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema"
    exclude-result-prefixes="xs f iwmo">
  <xsl:variable name="f:repeating" as="xs:string*" static="yes"
      select="'Contactgegevens', 'Relaties', 'ToegewezenProducten', 'StartProducten', 'Clienten', 'Prestaties'"/>

  <xsl:function name="f:step" as="xs:string">
    <xsl:param name="at" as="element()"/>
    <xsl:sequence select="if (local-name($at/..) = $f:repeating)
        then local-name($at) || '[' || 1 + count($at/preceding-sibling::*) || ']' else local-name($at)"/>
  </xsl:function>

  <xsl:template name="fault">
    <xsl:param name="rule" as="xs:string" required="yes"/>
    <fault rule="{$rule}" pad="/{string-join(ancestor-or-self::* ! f:step(.), '/')}"/>
  </xsl:template>

  <xsl:function name="f:number" as="xs:integer">
    <xsl:param name="day" as="xs:string"/>
    <xsl:sequence select="xs:integer(translate($day, '-', ''))"/>
  </xsl:function>

  <xsl:function name="f:elfproef" as="xs:boolean">
    <xsl:param name="bsn" as="xs:string"/>
    <xsl:variable name="digits" select="string-to-codepoints($bsn) ! (. - 48)"/>
    <xsl:sequence
        select="sum(for $i in 1 to 8 return $digits[$i] * (10 - $i)) - $digits[9] = (-10 to 60) ! (. * 11)"/>
  </xsl:function>

  <!-- TR002, TR134 and CS139: of a person with an iwmo Geboortedatum, whatever the namespace of the message. -->
  <xsl:template name="geboortedatum">
    <xsl:param name="geboorte" as="element()?" required="yes"/>
    <xsl:param name="dagtekening" as="xs:date" required="yes"/>
    <xsl:if test="$geboorte">
      <xsl:variable name="day" select="xs:date($geboorte/iwmo:Datum)"/>
      <xsl:variable name="use" select="string($geboorte/iwmo:DatumGebruik)"/>
      <xsl:variable name="unknown" select="$use = '3' and $day = xs:date('1900-01-01')"/>
      <xsl:if test="not($unknown) and f:number(string($day)) + 1200000 lt f:number(string($dagtekening))">
        <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR002'"/></xsl:call-template>
      </xsl:if>
      <xsl:if test="$day gt $dagtekening">
        <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR134'"/></xsl:call-template>
      </xsl:if>
      <xsl:if test="($use = '1' and day-from-date($day) != 1)
          or ($use = '2' and (day-from-date($day) != 1 or month-from-date($day) != 1))
          or ($use = '3' and $day != xs:date('1900-01-01'))">
        <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS139'"/></xsl:call-template>
      </xsl:if>
    </xsl:if>
  </xsl:template>

  <xsl:template name="bsn">
    <xsl:param name="bsn" as="xs:string" required="yes"/>
    <xsl:if test="not(f:elfproef($bsn))">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS002'"/></xsl:call-template>
    </xsl:if>
  </xsl:template>
</xsl:stylesheet>
