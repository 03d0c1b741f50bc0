"""English: the words of its abbreviations, measures, money, names and signs, as data."""

from __future__ import annotations

from collections.abc import Mapping

from phases.readers.text import names

_MONTH_NAMES = "January February March April May June July August September October November December"
MONTHS: Mapping[str, str] = {name.lower(): name for name in _MONTH_NAMES.split()} | {
    short.lower(): name
    for name in _MONTH_NAMES.split()
    for short in ([name[:3]] if len(name) > 4 else []) + (["sept"] if name == "September" else [])
}

_DOLLAR = ("dollar", "dollars", "cent", "cents")
CURRENCIES: Mapping[str, tuple[str, str, str, str]] = {
    "$": _DOLLAR,
    "US$": ("US dollar", "US dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "¢": ("cent", "cents", "", ""),
}

UNITS: Mapping[str, tuple[str, str]] = {
    "km": ("kilometer", "kilometers"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"),
    "m": ("meter", "meters"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "kg": ("kilogram", "kilograms"),
    "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"),
    "lb": ("pound", "pounds"),
    "lb.": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "lbs.": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "oz.": ("ounce", "ounces"),
    "ft": ("foot", "feet"),
    "ft.": ("foot", "feet"),
    "in.": ("inch", "inches"),
    "yd": ("yard", "yards"),
    "yds.": ("yard", "yards"),
    "yds": ("yard", "yards"),
    "mi": ("mile", "miles"),
    "ml": ("milliliter", "milliliters"),
    "l": ("liter", "liters"),
    "L": ("liter", "liters"),
    "sq ft": ("square foot", "square feet"),
    "m²": ("square meter", "square meters"),
    "km²": ("square kilometer", "square kilometers"),
    "m³": ("cubic meter", "cubic meters"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "° C": ("degree Celsius", "degrees Celsius"),
    "° F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "hp": ("horsepower", "horsepower"),
    "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"),
    "V": ("volt", "volts"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "KB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "min": ("minute", "minutes"),
    "min.": ("minute", "minutes"),
    "sec": ("second", "seconds"),
    "sec.": ("second", "seconds"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "hrs.": ("hour", "hours"),
    "yrs": ("year", "years"),
    "yrs.": ("year", "years"),
    "mos.": ("month", "months"),
    "h": ("hour", "hours"),
    "ds.": ("day", "days"),
    "deg.": ("degree", "degrees"),
    "st.": ("stone", "stone"),
    "cwt.": ("hundredweight", "hundredweight"),
    "doz.": ("dozen", "dozen"),
    "gal.": ("gallon", "gallons"),
    "qt.": ("quart", "quarts"),
    "qts.": ("quart", "quarts"),
    "prs.": ("pair", "pairs"),
    "fms.": ("fathom", "fathoms"),
    "m.p.h.": ("mile per hour", "miles per hour"),
}

BIG: Mapping[str, str] = {word: word for word in ("million", "billion", "trillion", "thousand", "hundred", "dozen")} | {
    "bn": "billion",
    "m": "million",
    "M": "million",
    "k": "thousand",
    "K": "thousand",
}

ABBREVIATIONS: Mapping[str, str] = {
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miz",
    "Messrs": "Messieurs",
    "Mme": "Madame",
    "Mlle": "Mademoiselle",
    "Prof": "Professor",
    "Rev": "Reverend",
    "Fr": "Father",
    "Hon": "Honorable",
    "Gen": "General",
    "Col": "Colonel",
    "Maj": "Major",
    "Capt": "Captain",
    "Cap": "Captain",
    "Lieut": "Lieutenant",
    "Lt": "Lieutenant",
    "Sgt": "Sergeant",
    "Cpl": "Corporal",
    "Cmdr": "Commander",
    "Adm": "Admiral",
    "Gov": "Governor",
    "Sen": "Senator",
    "Rep": "Representative",
    "Supt": "Superintendent",
    "Insp": "Inspector",
    "Mt": "Mount",
    "Ft": "Fort",
    "e.g": "for example",
    "i.e": "that is",
    "viz": "namely",
    "vs": "versus",
    "cf": "compare",
    "approx": "approximately",
    "Fig": "Figure",
    "Pres": "President",
}
FINAL_ABBREVIATIONS: Mapping[str, str] = {
    "etc": "et cetera",
    "&c": "et cetera",
    "Jr": "Junior",
    "Sr": "Senior",
    "Esq": "Esquire",
    "Ave": "Avenue",
    "Blvd": "Boulevard",
    "Rd": "Road",
    "Sq": "Square",
    "Inc": "Incorporated",
    "Ltd": "Limited",
    "Co": "Company",
    "Corp": "Corporation",
    "Bros": "Brothers",
    "Dept": "Department",
    "Univ": "University",
    "al": "al",
    "a.m": "a m",
    "p.m": "p m",
    "Ph.D": "P H D",
    "LL.D": "L L D",
    "B.Sc": "B S C",
    "M.Sc": "M S C",
    "D.Phil": "D Phil",
    "MSS": "manuscripts",
    "ibid": "ibidem",
    "inst": "instant",
    "ult": "ultimo",
}
NUMBERED: Mapping[str, str] = {
    "No.": "number",
    "no.": "number",
    "Nº": "number",
    "№": "number",
    "#": "number",
    "Nos.": "numbers",
    "nos.": "numbers",
    "p.": "page",
    "P.": "page",
    "pp.": "pages",
    "vol.": "volume",
    "Vol.": "volume",
    "VOL.": "volume",
    "vols.": "volumes",
    "ch.": "chapter",
    "Ch.": "chapter",
    "chap.": "chapter",
    "Chap.": "chapter",
    "CHAP.": "chapter",
    "fig.": "figure",
    "Fig.": "figure",
    "figs.": "figures",
    "Figs.": "figures",
    "sec.": "section",
    "Sec.": "section",
    "art.": "article",
    "Art.": "article",
    "bk.": "book",
    "Bk.": "book",
    "lat.": "latitude",
    "Lat.": "latitude",
    "long.": "longitude",
    "Long.": "longitude",
    "pt.": "part",
    "Pt.": "part",
    "l.": "line",
    "ll.": "lines",
    "§": "section",
    "§§": "sections",
}
COUNTED = names(
    "chapter part book volume act scene canto section article war phase type class stage level bowl apollo "
    "appendix plate page pages table figure letter lesson title psalm number line division corps grade world period "
    "step "
    "adventure episode stave fit fytte lecture essay sonnet"
)
RULERS = names(
    "Henry Edward George William James Charles Richard Elizabeth Mary Louis Napoleon Philip Frederick Francis "
    "Ferdinand Alexander Nicholas Catherine Peter Paul John Pius Leo Benedict Clement Gregory Innocent Urban "
    "Boniface Julius Sixtus Adrian Stephen Robert David Leopold Rudolf Rudolph Maximilian Otto Conrad "
    "Wilhelm Ludwig Karl Alfonso Carlos Juan Pedro Ivan Ramses Rameses Thutmose Ptolemy Darius Xerxes Cyrus "
    "Artaxerxes Mithridates Antiochus Gustavus Christian Olaf Harald Haakon Oscar Victor Umberto Amadeus "
    "Constantine Justinian Theodosius Basil Michael Selim Mehmed Murad Mahmud Osman Anne Baldwin Canute Harold "
    "Margaret Isabella Sigismund Joseph Albert Sancho Manuel Amenhotep Seti Nebuchadnezzar Sargon Abdul Shapur "
    "Wenceslaus Casimir Stanislaus Attila"
)
BIBLE: Mapping[str, str] = {
    "Gen": "Genesis", "Exod": "Exodus", "Ex": "Exodus", "Lev": "Leviticus", "Num": "Numbers", "Deut": "Deuteronomy",
    "Josh": "Joshua", "Judg": "Judges", "Sam": "Samuel", "Chron": "Chronicles", "Neh": "Nehemiah", "Ps": "Psalm",
    "Prov": "Proverbs", "Eccl": "Ecclesiastes", "Eccles": "Ecclesiastes", "Isa": "Isaiah", "Jer": "Jeremiah",
    "Lam": "Lamentations", "Ezek": "Ezekiel", "Dan": "Daniel", "Hos": "Hosea", "Mic": "Micah", "Zech": "Zechariah",
    "Mal": "Malachi", "Matt": "Matthew", "Rom": "Romans", "Cor": "Corinthians", "Gal": "Galatians",
    "Eph": "Ephesians", "Phil": "Philippians", "Col": "Colossians", "Thess": "Thessalonians", "Tim": "Timothy",
    "Heb": "Hebrews", "Jas": "James", "Pet": "Peter", "Rev": "Revelation",
}  # fmt: skip
SEVERAL_BOOKS = names("Samuel Kings Chronicles Corinthians Thessalonians Timothy Peter John Maccabees Esdras")
STARTERS = names(
    "He She It We They You The A An This That These Those There Then But And So Or Nor Yet For If When While "
    "Where What Who Why How His Her Its My Our Your Their In On At By From To With As After Before Not No Yes Now "
    "Here Even Only All Some Any Both Every Each Once Perhaps Of Is Was Are Were Do Did Does Had Has Have Can "
    "Could May Might Must Shall Should Will Would Let Oh Well"
)
NO_STREETS = names(
    "At In On To From The A And But By Near For Of When Since With Under After Before Over Through Into Via If As "
    "That Then So Or Mount Lake Fort Port Cape Old New East West North South Sault Mr Mrs Miss Lady Lord Sir "
    "Saint Church Cathedral Bishop King Queen I He She It We They You His Her My Our Is Was Like Les Where While"
)
COUNTED_NOUNS = names("men women people children feet sheep cattle foot horse souls pounds head")
NO_NOUNS = names(
    "was his has does its across always perhaps towards besides sometimes unless whereas afterwards upwards "
    "downwards backwards forwards hers ours yours theirs goes says comes sees seems makes takes gives finds shows "
    "begins ends brings became marks means remains opens sits stands saw ads"
)
INITIALISMS = names(
    "FBI CIA USA UK UN EU IBM AI IQ ID TV OK UFO USSR RAF YMCA YWCA IOU CEO VIP HMS SOS IRA ATM AM PM AD BC "
    "BCE CE LA UAE USB DNA RNA HIV US NYPD LAPD WC MP DJ CD PC ER ICU HQ SUV IV VI II III XI IX XIV XVI XX "
    "AIDS EKG UPS AWS API URL SQL HTML CSS IP UI UX ISBN ISO IEEE AA AAA BA MA DA EEG UFC UCLA USC ABC BBC CBC "
    "CNN NBC NBA OAS IRS KGB NSA EPA FDA FAA FCC GOP GPS IMF MIT NGO NHS NYU OSS PBS PLO TNT VAT WWF WWI WWII RSVP"
)
SHORT_WORDS = names(
    "the and you not all her his him she was are out who why how yes now new old man men god sir but for had has "
    "any can did no my me we he in on of to up so do go as at be by if or an oh ah ha is one two six ten our its may "
    "sit fit let see saw get got put own too few day end far off yet nor sea sun war way boy art act age air "
    "arm bad bed big box car cry cut die dog ear eat eye fly fun gun hat hot ice ill joy key law lay led lie lot low "
    "mad map met mrs nay oil pay poor red run sad sat set sky son tea top try use win won dear her dead lord hear "
    "say stop help good"
)
SIGNS: Mapping[str, str] = {
    "&": "and",
    "@": "at",
    "%": "percent",
    "§": "section",
    "¶": "paragraph",
    "©": "copyright",
    "®": "",
    "™": "",
    "+": "plus",
    "=": "equals",
    "×": "times",
    "÷": "divided by",
    "±": "plus or minus",
    "<": "is less than",
    ">": "is greater than",
    "−": "minus",
    "/": "slash",
    "°": "degrees",
    "²": "squared",
    "³": "cubed",
}
