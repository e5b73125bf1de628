//! Zone abbreviations with the fixed offsets of the dialect: no daylight saving, one meaning each, upper case only.
//!
//! Table of data. One letter is a military zone: A = +1 … M = +12, N = −1 … Y = −12, Z = 0, no J.

/// Offset in minutes and the abbreviations that have it.
const TABLE: &[(i64, &str)] = &[
    (-660, "NUT SST"),
    (-600, "CKT HAST HST TAHT TKT"),
    (-570, "MART MIT"),
    (-540, "AKST GAMT GIT HADT HNY"),
    (-480, "AKDT CIST HAY HNP PST PT"),
    (-420, "HAP HNR MST PDT"),
    (-360, "CST EAST GALT HAR HNC MDT"),
    (-300, "CDT COT EASST ECT EST ET HAC HNE PET"),
    (-270, "HLV VET"),
    (-240, "AST BOT CLT COST EDT FKT GYT HAE HNA PYT"),
    (-210, "HNT NST NT"),
    (-180, "ADT ART BRT CLST FKST GFT HAA PMST PYST SRT UYT WGT"),
    (-150, "HAT NDT"),
    (-120, "BRST FNT PMDT UYST WGST"),
    (-60, "AZOT CVT EGT"),
    (0, "EGST GMT UTC WET WT"),
    (60, "CET DFT WAT WEDT WEST"),
    (120, "CAT CEDT CEST EET SAST WAST"),
    (180, "EAT EEDT EEST IDT MSK"),
    (210, "IRST"),
    (240, "AMT AZT GET GST KUYT MSD MUT RET SAMT SCT"),
    (270, "AFT IRDT"),
    (300, "AMST AQTT AZST HMT MAWT MVT PKT TFT TJT TMT UZT YEKT"),
    (330, "SLT"),
    (345, "NPT"),
    (360, "ALMT BIOT BTT IOT KGT NOVT OMST YEKST"),
    (390, "CCT MMT"),
    (420, "CXT DAVT HOVT ICT KRAT NOVST OMSST THA WIB"),
    (480, "ACT AWST BDT BNT CAST HKT IRKT KRAST MYT PHT SGT ULAT WITA WST"),
    (540, "AWDT IRKST JST KST PWT TLT WDT WIT YAKT"),
    (570, "ACST"),
    (600, "AEST ChST PGT VLAT YAKST YAPT"),
    (630, "ACDT LHST"),
    (660, "AEDT LHDT MAGT NCT PONT SBT VLAST VUT"),
    (690, "NFT"),
    (720, "ANAST ANAT FJT GILT MAGST MHT NZST PETST PETT TVT WFT"),
    (780, "FJST NZDT"),
];

/// Offset of an abbreviation in seconds east of UTC; None if it is not in the table.
pub fn offset_of(name: &str) -> Option<i64> {
    if let [letter] = name.as_bytes() {
        return military(*letter);
    }
    let row = TABLE.iter().find(|(_, names)| names.split(' ').any(|known| known == name))?;
    Some(row.0 * 60)
}

fn military(letter: u8) -> Option<i64> {
    let hours = match letter {
        b'A'..=b'I' => i64::from(letter - b'A') + 1,
        b'K'..=b'M' => i64::from(letter - b'A'),
        b'N'..=b'Y' => -(i64::from(letter - b'N') + 1),
        b'Z' => 0,
        _ => return None,
    };
    Some(hours * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter, five letters, no letter of the table stands twice.
    #[test]
    fn knows_each_once() {
        let hours = |name| offset_of(name).map(|seconds| seconds / 3600);
        assert_eq!((hours("A"), hours("I"), hours("K"), hours("M")), (Some(1), Some(9), Some(10), Some(12)));
        assert_eq!((hours("N"), hours("Y"), hours("Z"), hours("J")), (Some(-1), Some(-12), Some(0), None));
        assert_eq!((hours("EASST"), hours("NZDT"), hours("cet")), (Some(-5), Some(13), None));
        let mut all: Vec<&str> = TABLE.iter().flat_map(|row| row.1.split(' ')).collect();
        all.sort_unstable();
        assert_eq!(all.windows(2).filter(|pair| pair[0] == pair[1]).count(), 0);
    }
}
