<?xml version="1.0" encoding="UTF-8"?>
<!-- The rules of level 2 of a 301. -->
<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:f="urn:bench" xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema"
    xpath-default-namespace="http://www.istandaarden.nl/iwmo/3_2/wmo301/schema" exclude-result-prefixes="xs f iwmo">
  <xsl:import href="shared.xsl"/>
  <xsl:variable name="dagtekening"
      select="xs:date(/Bericht/Header/BerichtIdentificatie/iwmo:Dagtekening)"/>

  <xsl:function name="f:end" as="xs:date">
    <xsl:param name="product" as="element()"/>
    <xsl:sequence select="xs:date(($product/Einddatum, '9999-12-31')[1])"/>
  </xsl:function>

  <!-- Not counted for TR302: removed before it began, or aids, which may overlap. -->
  <xsl:function name="f:outside" as="xs:boolean">
    <xsl:param name="product" as="element()"/>
    <xsl:sequence select="($product/RedenWijziging = ('01', '13') and $product/Einddatum = $product/Ingangsdatum)
        or $product/Product/iwmo:Categorie = ('11', '12', '13', '14')"/>
  </xsl:function>

  <!-- Without a code it is the same as any of its category, without a product as any at all. -->
  <xsl:function name="f:same" as="xs:boolean">
    <xsl:param name="one" as="element()"/>
    <xsl:param name="other" as="element()"/>
    <xsl:sequence select="not($one/Product) or not($other/Product)
        or ($one/Product/iwmo:Categorie = $other/Product/iwmo:Categorie
        and (not($one/Product/iwmo:Code) or not($other/Product/iwmo:Code)
        or $one/Product/iwmo:Code = $other/Product/iwmo:Code))"/>
  </xsl:function>

  <xsl:template match="/">
    <faults><xsl:apply-templates select="Bericht/Client, Bericht/Client/Relaties/Relatie, //Contact, //ToegewezenProduct"/></faults>
  </xsl:template>

  <xsl:template match="Client">
    <xsl:call-template name="persoon"/>
    <xsl:call-template name="bsn"><xsl:with-param name="bsn" select="string(Bsn)"/></xsl:call-template>
    <xsl:if test="Naam/iwmo:NaamGebruik = '6'">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS318'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Communicatie and (Communicatie/iwmo:Vorm = '1') != exists(Communicatie/iwmo:Taal)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD007'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="not(Contactgegevens/Contact[Adres and Soort = ('01', '02', '03')])">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR061'"/></xsl:call-template>
    </xsl:if>
    <xsl:for-each-group select="Contactgegevens/Contact" group-by="Soort">
      <xsl:for-each select="tail(current-group())">
        <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR101'"/></xsl:call-template>
      </xsl:for-each>
    </xsl:for-each-group>
    <xsl:for-each-group select="Relaties/Relatie" group-by="Nummer">
      <xsl:for-each select="tail(current-group())">
        <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR101'"/></xsl:call-template>
      </xsl:for-each>
    </xsl:for-each-group>
    <xsl:for-each-group select="ToegewezenProducten/ToegewezenProduct" group-by="xs:integer(ToewijzingNummer)">
      <xsl:for-each select="tail(current-group())">
        <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR101'"/></xsl:call-template>
      </xsl:for-each>
    </xsl:for-each-group>
  </xsl:template>

  <xsl:template match="Relatie">
    <xsl:call-template name="persoon"/>
  </xsl:template>

  <xsl:template name="persoon">
    <xsl:call-template name="geboortedatum">
      <xsl:with-param name="geboorte" select="Geboortedatum"/>
      <xsl:with-param name="dagtekening" select="$dagtekening"/>
    </xsl:call-template>
    <xsl:if test="exists(Naam/iwmo:NaamGebruik) and not(Naam/iwmo:NaamGebruik = (if (Naam/iwmo:Partnernaam) then ('1', '2', '3', '4') else ('1', '6')))">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS050'"/></xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template match="Contact">
    <xsl:if test="not(Telefoon) and not(Adres/iwmo:Huis and Adres/iwmo:Postcode)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR006'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Adres and exists(Adres/iwmo:Postcode) != exists(Adres/iwmo:LandCode)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD005'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Periode and Soort != '04'">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD009'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Adres/iwmo:LandCode = 'NL' and not(Adres/iwmo:Huis)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD025'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Soort = ('01', '03') and not(Adres/iwmo:Postcode)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD034'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Adres/iwmo:LandCode = 'NL' and Adres/iwmo:Postcode[not(matches(., '^[1-9][0-9]{3}[A-Z]{2}$'))]">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS089'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="xs:date(Periode/iwmo:Einddatum) lt xs:date(Periode/iwmo:Begindatum)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS003'"/></xsl:call-template>
    </xsl:if>
  </xsl:template>

  <xsl:template match="ToegewezenProduct">
    <xsl:if test="xs:date(Toewijzingsdatum) gt $dagtekening">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR134'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="xs:date(Einddatum) lt xs:date(Ingangsdatum)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS003'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="not(f:outside(.)) and xs:date(Ingangsdatum) le f:end(.)">
      <xsl:variable name="new" select="."/>
      <xsl:if test="preceding-sibling::ToegewezenProduct[not(f:outside(.)) and f:same($new, .)
          and xs:date(Ingangsdatum) le f:end(.)
          and xs:date(Ingangsdatum) le f:end($new) and xs:date($new/Ingangsdatum) le f:end(.)]">
        <xsl:call-template name="fault"><xsl:with-param name="rule" select="'TR302'"/></xsl:call-template>
      </xsl:if>
    </xsl:if>
    <xsl:if test="Product/iwmo:Code and not(Omvang)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD041'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Budget and not(Einddatum)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD075'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Omvang/iwmo:Frequentie = '2' and not(Einddatum)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD076'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Budget and Omvang">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD077'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Omvang and Budget">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD078'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="not(Budget) and not(Product)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD079'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Omvang and not(Product/iwmo:Code) and (not(Einddatum) or xs:date(Einddatum) gt xs:date('2020-12-31'))">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CD080'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="RedenWijziging = '13' and not(Einddatum = Ingangsdatum)">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS335'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="RedenWijziging = '01'">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS336'"/></xsl:call-template>
    </xsl:if>
    <xsl:if test="Omvang/iwmo:Eenheid = ('14', '16', '83', '84') and not(Omvang/iwmo:Frequentie = ('2', '4', '6'))
        and (not(Einddatum) or xs:date(Einddatum) gt xs:date('2020-12-31'))">
      <xsl:call-template name="fault"><xsl:with-param name="rule" select="'CS338'"/></xsl:call-template>
    </xsl:if>
  </xsl:template>
</xsl:stylesheet>
