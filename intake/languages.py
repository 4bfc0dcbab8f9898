"""Languages as ISO 639-1: from tags, from the platforms' own codes, from English names."""

import re
from functools import lru_cache

_TAG = re.compile(r"([a-z]{2,3})([-_][a-z0-9]{2,8})*")

# X writes these for "not known" and for posts without words (media, links, tags only).
_NOT_KNOWN = frozenset(
    {"und", "zxx", "mul", "mis", "art", "qam", "qct", "qht", "qme", "qst", "language undefined"}
)
# Codes that ISO 639 withdrew and platforms still write, and three-letter codes with a short form.
_RENAMED = {
    "in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro", "nb": "no", "nn": "no",
    "fil": "tl", "ckb": "ku", "kmr": "ku", "cmn": "zh", "yue": "zh", "arb": "ar", "pes": "fa",
    "prs": "fa", "eng": "en", "rus": "ru", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr",
    "spa": "es", "por": "pt", "ita": "it", "nld": "nl", "dut": "nl", "tur": "tr", "ara": "ar",
    "fas": "fa", "per": "fa", "hin": "hi", "ben": "bn", "ind": "id", "jpn": "ja", "kor": "ko",
    "zho": "zh", "chi": "zh", "ukr": "uk", "pol": "pl",
}  # fmt: skip
_NAMES = """
aa Afar|ab Abkhazian|ae Avestan|af Afrikaans|ak Akan|am Amharic|an Aragonese|ar Arabic
as Assamese|av Avaric|ay Aymara|az Azerbaijani|ba Bashkir|be Belarusian|bg Bulgarian|bi Bislama
bm Bambara|bn Bengali|bn Bangla|bo Tibetan|br Breton|bs Bosnian|ca Catalan|ce Chechen
ch Chamorro|co Corsican|cr Cree|cs Czech|cu Church Slavic|cv Chuvash|cy Welsh|da Danish
de German|dv Divehi|dz Dzongkha|ee Ewe|el Greek|en English|eo Esperanto|es Spanish|es Castilian
et Estonian|eu Basque|fa Persian|fa Farsi|ff Fulah|fi Finnish|fj Fijian|fo Faroese|fr French
fy Western Frisian|fy Frisian|ga Irish|gd Scottish Gaelic|gd Gaelic|gl Galician|gn Guarani
gu Gujarati|gv Manx|ha Hausa|he Hebrew|hi Hindi|ho Hiri Motu|hr Croatian|ht Haitian
ht Haitian Creole|hu Hungarian|hy Armenian|hz Herero|ia Interlingua|id Indonesian|ie Interlingue
ig Igbo|ii Sichuan Yi|ik Inupiaq|io Ido|is Icelandic|it Italian|iu Inuktitut|ja Japanese
jv Javanese|ka Georgian|kg Kongo|ki Kikuyu|kj Kuanyama|kk Kazakh|kl Greenlandic|km Khmer
kn Kannada|ko Korean|kr Kanuri|ks Kashmiri|ku Kurdish|kv Komi|kw Cornish|ky Kyrgyz|la Latin
lb Luxembourgish|lg Ganda|li Limburgish|ln Lingala|lo Lao|lt Lithuanian|lu Luba-Katanga
lv Latvian|mg Malagasy|mh Marshallese|mi Maori|mk Macedonian|ml Malayalam|mn Mongolian
mr Marathi|ms Malay|mt Maltese|my Burmese|na Nauru|nd North Ndebele|ne Nepali|ng Ndonga
nl Dutch|nl Flemish|no Norwegian|no Norwegian Bokmal|no Norwegian Nynorsk|nr South Ndebele
nv Navajo|ny Chichewa|oc Occitan|oj Ojibwa|om Oromo|or Oriya|or Odia|os Ossetian|pa Punjabi
pa Panjabi|pi Pali|pl Polish|ps Pashto|ps Pushto|pt Portuguese|qu Quechua|rm Romansh|rn Rundi
ro Romanian|ro Moldavian|ru Russian|rw Kinyarwanda|sa Sanskrit|sc Sardinian|sd Sindhi
se Northern Sami|sg Sango|si Sinhala|sk Slovak|sl Slovenian|sm Samoan|sn Shona|so Somali
sq Albanian|sr Serbian|ss Swati|st Southern Sotho|su Sundanese|sv Swedish|sw Swahili|ta Tamil
te Telugu|tg Tajik|th Thai|ti Tigrinya|tk Turkmen|tl Tagalog|tl Filipino|tn Tswana|to Tonga
tr Turkish|ts Tsonga|tt Tatar|tw Twi|ty Tahitian|ug Uighur|ug Uyghur|uk Ukrainian|ur Urdu
uz Uzbek|ve Venda|vi Vietnamese|vo Volapuk|wa Walloon|wo Wolof|xh Xhosa|yi Yiddish|yo Yoruba
za Zhuang|zh Chinese|zh Traditional Chinese|zh Simplified Chinese|zh Mandarin|zu Zulu
"""
_BY_NAME = {
    name.lower(): code
    for line in _NAMES.strip().splitlines()
    for code, name in (entry.split(" ", 1) for entry in line.split("|"))
}
_CODES = frozenset(_BY_NAME.values())


@lru_cache(maxsize=1_000)
def iso_639_1(given: str) -> tuple[str | None, bool]:
    """The two-letter code of `given`, and whether `given` was understood.

    A source's own "undetermined" is understood and has no code. Norwegian is `no` in both its
    written forms, as the platforms have it.
    """
    name = given.strip().lower()
    if name in _NOT_KNOWN:
        return None, True
    # "Farsi (Persian)": some lists name a language twice.
    for candidate in (name, name.split(" (")[0]):
        if candidate in _BY_NAME:
            return _BY_NAME[candidate], True
    tag = _TAG.fullmatch(name)
    code = _RENAMED.get(tag[1], tag[1]) if tag else ""
    if code in _NOT_KNOWN:
        return None, True
    return (code, True) if code in _CODES else (None, False)
