"""Texts as old programs have saved them: each is read in its own letters, or refused."""

import pytest

from phases.contract import PermanentError
from phases.readers import encoding

SAID = {
    "fr": "Le café était fermé, et le garçon répétait « à demain » près de la fenêtre. Où est-il allé ?\n",
    "de": "Über den Dächern fiel der Regen, schön und müde; die Straße war naß.\n",
    "pl": "Zażółć gęślą jaźń. Deszcz padał, a dzieci siedziały w domu; łódź czekała.\n",
    "cs": "Příliš žluťoučký kůň úpěl ďábelské ódy. Děti seděly doma.\n",
    "hu": "Árvíztűrő tükörfúrógép. Az eső egész nap esett, és a gyerekek otthon ültek.\n",
    "ru": "Всё утро шёл дождь, и дети сидели дома и смотрели в окно.\n",
    "uk": "Увесь ранок ішов дощ, і діти сиділи вдома й дивилися у вікно.\n",
    "el": "Η βροχή έπεφτε όλη τη νύχτα και τα παιδιά έμειναν στο σπίτι.\n",
    "tr": "Yağmur bütün gün yağdı, çocuklar evde oturup pencereden dışarı baktı.\n",
    "da": "Det regnede hele dagen på tagene, og børnene blev hjemme på øen. Æble.\n",
    "en": "The café was shut, and “nobody” came — it’s late… said she to the naïve façade.\n",
    "ja": "雨が屋根に降っていた。子どもたちは家にいて、窓の外を見ていた。\n",
    "zh": "雨下在屋顶上，孩子们留在家里，望着窗外。傍晚，他们走到河边。\n",
    "ko": "비가 하루 종일 지붕 위에 내렸고 아이들은 집에 있었다.\n",
    "he": "הגשם ירד על הגגות כל היום, והילדים נשארו בבית והביטו מן החלון.\n",
    "ar": "كان المطر يهطل طوال اليوم، وبقي الأطفال في البيت ينظرون من النافذة.\n",
    "th": "ฝนตกทั้งวันบนหลังคา และเด็กๆ อยู่บ้านมองออกไปนอกหน้าต่าง\n",
    "hr": "Cijeli dan je padala kiša, djeca su sjedila kod kuće i gledala kroz prozor.\n",
    "lt": "Visą dieną lijo, vaikai sėdėjo namuose ir žiūrėjo pro langą.\n",
    "eo": "La tutan tagon pluvis, kaj la infanoj restis hejme. Ĝi estas ĉe ŝi, ĵus aŭskultu.\n",
}
SAVED_AS = {
    "fr": "cp1252 mac_roman cp850",
    "de": "cp1252 mac_roman cp850",
    "pl": "cp1250 iso8859-2 cp852",
    "cs": "cp1250 iso8859-2",
    "hu": "cp1250",
    "ru": "cp1251 koi8_r cp866 iso8859-5 utf-16-le utf-16-be utf-32-le utf-32-be",
    "uk": "cp1251",
    "el": "cp1253 iso8859-7 cp737 utf-16-le",
    "tr": "cp1254",
    "da": "cp1252 cp850",
    "en": "cp1252 mac_roman utf-16-le utf-16-be utf-32-le",
    "ja": "shift_jis euc_jp iso2022_jp utf-16-le utf-16-be",
    "zh": "gb18030 hz utf-16-le utf-16-be",
    "ko": "cp949 johab",
    "he": "cp1255 iso8859-8 cp862",
    "ar": "cp1256 iso8859-6",
    "th": "cp874",
    "hr": "cp1250",
    "lt": "cp1257",
    "eo": "iso8859-3",
}


@pytest.mark.parametrize(("language", "saved_as"), [(name, each) for name in SAID for each in SAVED_AS[name].split()])
def test_a_text_is_read_in_its_own_letters(language: str, saved_as: str) -> None:
    for times in (1, 12):
        data = (SAID[language] * times).encode(saved_as, "ignore")
        assert encoding.decode(data, "book.txt") == data.decode(saved_as)


def test_words_beside_tildes_and_braces_are_no_chinese() -> None:
    said = "He wrote ~{a} and ~} at the end.\n"
    assert encoding.decode(said.encode(), "book.txt") == said


def test_a_few_bytes_of_windows_text_in_utf_8_are_the_letters_that_were_meant() -> None:
    data = SAID["en"].encode() * 3 + b"The caf\xe9 again.\n"
    assert encoding.decode(data, "book.txt").endswith("The café again.\n")


def test_utf_8_with_half_a_character_in_it_is_refused_with_its_place() -> None:
    data = SAID["fr"].encode() + b"Half a quotation mark \xe2\x80 here.\n" + SAID["fr"].encode()
    with pytest.raises(PermanentError, match="byte 128 or one after it"):
        encoding.decode(data, "book.txt")


def test_what_reads_like_no_language_is_refused() -> None:
    data = b"".join(b"a" + bytes([0x80 + (number * 37) % 128]) + b"Z\n" for number in range(400))
    with pytest.raises(PermanentError, match="no text in an encoding that can be told"):
        encoding.decode(data, "book.txt")
