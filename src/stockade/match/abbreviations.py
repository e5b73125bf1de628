"""Abbreviations of time zones and the fixed offset each means, as data.

One letter is a military zone: A is one hour east, M twelve, N one hour west, Y twelve, Z is UTC; there is no J. The
scanner has the same table (`crates/scanner/src/dates/abbreviations.rs`); tests/unit/test_match_zones.py holds them
together.
"""

from __future__ import annotations

_HOUR = 60

_BY_MINUTES: tuple[tuple[int, str], ...] = (
    (-11 * _HOUR, "NUT SST"),
    (-10 * _HOUR, "CKT HAST HST TAHT TKT"),
    (-9 * _HOUR - 30, "MART MIT"),
    (-9 * _HOUR, "AKST GAMT GIT HADT HNY"),
    (-8 * _HOUR, "AKDT CIST HAY HNP PST PT"),
    (-7 * _HOUR, "HAP HNR MST PDT"),
    (-6 * _HOUR, "CST EAST GALT HAR HNC MDT"),
    (-5 * _HOUR, "CDT COT EASST ECT EST ET HAC HNE PET"),
    (-4 * _HOUR - 30, "HLV VET"),
    (-4 * _HOUR, "AST BOT CLT COST EDT FKT GYT HAE HNA PYT"),
    (-3 * _HOUR - 30, "HNT NST NT"),
    (-3 * _HOUR, "ADT ART BRT CLST FKST GFT HAA PMST PYST SRT UYT WGT"),
    (-2 * _HOUR - 30, "HAT NDT"),
    (-2 * _HOUR, "BRST FNT PMDT UYST WGST"),
    (-1 * _HOUR, "AZOT CVT EGT"),
    (0, "EGST GMT UTC WET WT"),
    (1 * _HOUR, "CET DFT WAT WEDT WEST"),
    (2 * _HOUR, "CAT CEDT CEST EET SAST WAST"),
    (3 * _HOUR, "EAT EEDT EEST IDT MSK"),
    (3 * _HOUR + 30, "IRST"),
    (4 * _HOUR, "AMT AZT GET GST KUYT MSD MUT RET SAMT SCT"),
    (4 * _HOUR + 30, "AFT IRDT"),
    (5 * _HOUR, "AMST AQTT AZST HMT MAWT MVT PKT TFT TJT TMT UZT YEKT"),
    (5 * _HOUR + 30, "SLT"),
    (5 * _HOUR + 45, "NPT"),
    (6 * _HOUR, "ALMT BIOT BTT IOT KGT NOVT OMST YEKST"),
    (6 * _HOUR + 30, "CCT MMT"),
    (7 * _HOUR, "CXT DAVT HOVT ICT KRAT NOVST OMSST THA WIB"),
    (8 * _HOUR, "ACT AWST BDT BNT CAST HKT IRKT KRAST MYT PHT SGT ULAT WITA WST"),
    (9 * _HOUR, "AWDT IRKST JST KST PWT TLT WDT WIT YAKT"),
    (9 * _HOUR + 30, "ACST"),
    (10 * _HOUR, "AEST ChST PGT VLAT YAKST YAPT"),
    (10 * _HOUR + 30, "ACDT LHST"),
    (11 * _HOUR, "AEDT LHDT MAGT NCT PONT SBT VLAST VUT"),
    (11 * _HOUR + 30, "NFT"),
    (12 * _HOUR, "ANAST ANAT FJT GILT MAGST MHT NZST PETST PETT TVT WFT"),
    (13 * _HOUR, "FJST NZDT"),
)

_EASTERN, _WESTERN = "ABCDEFGHIKLM", "NOPQRSTUVWXY"


def _table() -> dict[str, int]:
    named = {name: minutes * 60 for minutes, names in _BY_MINUTES for name in names.split()}
    east = {letter: hours * 3600 for hours, letter in enumerate(_EASTERN, start=1)}
    west = {letter: -hours * 3600 for hours, letter in enumerate(_WESTERN, start=1)}
    return {**named, **east, **west, "Z": 0}


ABBREVIATIONS = _table()
"""Offset east of UTC in seconds by abbreviation, upper case as written."""


def offset_of(name: str) -> int | None:
    """Returns the offset of an abbreviation in seconds, or None if there is no such one."""
    return ABBREVIATIONS.get(name)
