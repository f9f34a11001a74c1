"""The encoding that a message names for bytes that do not decode (test_reading.py has whole messages)."""

import pytest

from rnn_cli.text.guessing import BINARY, SAMPLE_BYTES, UNKNOWN, explain, guess, is_utf_8
from rnn_cli.text.languages import LANGUAGES

# Not from the texts that the guesses are made from.
CHINESE = "少年时读书，只觉得窗外的雨声很近。\n后来走了许多路，才明白那雨一直下在心里。\n"
TAIWANESE = "少年時讀書，只覺得窗外的雨聲很近。\n後來走了許多路，才明白那雨一直下在心裡。\n"
JAPANESE = "雨の降る朝、駅のホームで古い手紙を読み返した。\n声はもう聞こえないが、言葉はまだ温かい。\n"
KOREAN = "비 오는 아침에 역에서 오래된 편지를 다시 읽었다.\n목소리는 들리지 않지만 말은 아직 따뜻하다.\n"
RUSSIAN = (
    "Утром шёл дождь, и на вокзале она перечитала старое письмо.\n"
    "Голоса уже не слышно, но слова ещё тёплые.\n"
)
POLISH = (
    "Rano padał deszcz, a na dworcu jeszcze raz przeczytała stary list.\n"
    "Głosu już nie słychać, lecz słowa są ciepłe.\n"
)
FRENCH = (
    "Un matin de pluie, à la gare, elle relut une vieille lettre.\n"
    "On n'entend plus la voix, mais les mots ont gardé leur chaleur d'été.\n"
)
GERMAN = (
    "An einem Regentag las sie am Bahnhof den alten Brief noch einmal.\n"
    "Die Stimme hört man nicht mehr, doch die Wörter wärmen süß.\n"
)
GREEK = (
    "Ένα βροχερό πρωί, στον σταθμό, ξαναδιάβασε ένα παλιό γράμμα.\n"
    "Η φωνή δεν ακούγεται πια, μα οι λέξεις είναι ζεστές.\n"
)
ENGLISH = (
    "One rainy morning she read the old letter again.\n"
    "The voice can’t be heard, but the words are “warm” still.\n"
)
TURKISH = (
    "Yağmurlu bir sabah istasyonda eski mektubu yeniden okudu.\n"
    "Ses artık duyulmuyor ama sözcükler hâlâ sıcak.\n"
)
SAMPLES = [
    *((CHINESE, "gb18030"), (TAIWANESE, "big5"), (JAPANESE, "shift_jis"), (JAPANESE, "euc-jp")),
    *(
        (KOREAN, "euc-kr"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (RUSSIAN, "iso8859-5"),
    ),
    *((POLISH, "cp1250"), (POLISH, "iso8859-2"), (FRENCH, "cp1252"), (GERMAN, "cp1252"), (GREEK, "cp1253")),
    *((ENGLISH, "cp1252"), (TURKISH, "cp1254"), (CHINESE, "utf-16-le"), (RUSSIAN, "utf-16-be")),
    *((ENGLISH, "utf-16-le"), (JAPANESE, "utf-16-be")),
]


def failure(data: bytes, encoding: str = "utf-8") -> UnicodeDecodeError:
    with pytest.raises(UnicodeDecodeError) as caught:
        data.decode(encoding)
    return caught.value


@pytest.mark.parametrize(("text", "encoding"), SAMPLES)
@pytest.mark.parametrize("times", [1, 1000])
def test_the_encoding_of_two_lines_is_named(text, encoding, times):
    proposal = f"looks like {encoding.upper()}: try --encoding {encoding}"
    assert guess(text.encode(encoding) * times) == proposal


@pytest.mark.parametrize(("text", "encoding"), SAMPLES)
def test_the_encoding_of_one_line_is_named_rightly_or_not_at_all(text, encoding):
    for line in text.splitlines():
        data = line.encode(encoding)
        said = guess(data)
        assert said == UNKNOWN or data.decode(said.rpartition(" ")[2]) == line


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *(("Кошка видит реку.\nСтарик любит дорогу.\n", "cp1251"), ("猫は川を見ています。\n", "shift_jis")),
        *(
            ("КОШКА ВИДИТ РЕКУ. СТАРИК ЛЮБИТ ДОРОГУ.\n", "koi8-r"),
            ("고양이가 강을 보고 있습니다.\n", "euc-kr"),
        ),
        *(("Le café noir.\n", "cp1252"), ("It’s mine.\n", "cp1252")),
    ],
)
def test_a_few_words_are_enough_where_nothing_else_makes_sense(text, encoding):
    assert guess(text.encode(encoding)).endswith(f"try --encoding {encoding}")


@pytest.mark.parametrize("text", ["猫", "Ж", "ёж", "中"])
@pytest.mark.parametrize("encoding", ["gb18030", "cp1251", "shift_jis", "euc-kr"])
def test_too_few_characters_are_not_guessed_at(text, encoding):
    assert guess(text.encode(encoding, "ignore") or b"\xff") == UNKNOWN


def test_an_encoding_that_is_not_listed_is_not_taken_for_another():
    vietnamese = "Một buổi sáng mưa, ở nhà ga, cô đọc lại bức thư cũ; giọng nói không còn nghe thấy nữa.\n"
    for data in (
        vietnamese.encode("utf-7"),
        KOREAN.encode("johab"),
        RUSSIAN.encode("cp855"),
        GERMAN.encode("cp500"),
    ):
        assert guess(data * 5 if data.isascii() else data) in (UNKNOWN, BINARY) or data.isascii()


def test_where_encodings_read_the_same_text_the_usual_one_is_named():
    assert guess("Änderungen schließen müssen".encode("iso8859-1")).endswith("try --encoding cp1252")
    assert guess("Кошка видит реку и старик любит".encode("koi8-u")).endswith("try --encoding koi8-r")


@pytest.mark.parametrize(
    "data", [b"", bytes(range(256)), b"\x89PNG\r\n\x1a\n\0\0", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff"]
)
def test_where_no_encoding_gives_text_the_bytes_are_binary(data):
    assert guess(data) == BINARY


def test_every_language_is_guessed_from_its_own_text():
    for name, language in LANGUAGES.items():
        for encoding in language.encodings:
            data = language.text.encode(encoding, "ignore")[: 9 * SAMPLE_BYTES // 10]
            said = guess(data)
            assert said != BINARY
            right = data.decode(encoding, "ignore")
            assert said == UNKNOWN or data.decode(said.rpartition(" ")[2], "ignore") == right, (
                name,
                encoding,
            )


# Around the first bad byte


def test_the_bytes_near_the_first_bad_one_are_looked_at():
    plain = b"plain words " * SAMPLE_BYTES
    assert explain(failure(plain + CHINESE.encode("gb18030"))).endswith("try --encoding gb18030")


def test_a_character_cut_off_at_the_end_is_called_so():
    assert explain(failure("中".encode()[:-1])) == "it ends in the middle of a character"


@pytest.mark.parametrize("bad", [b"\xe9", b"\xff", "中".encode()[:2], b"\xe9 and \xe8"])
@pytest.mark.parametrize("text", ["L’été à Paris.\n", CHINESE, RUSSIAN])
def test_utf_8_but_for_a_few_bytes_is_called_so(text, bad):
    before, after = text[:5].encode(), text[5:].encode()
    said = explain(failure(before + bad + b" " + after))
    assert said.startswith("it is UTF-8 except for ")
    assert ("this byte" in said) == (b"and" not in bad)
    assert "--encoding" not in said


@pytest.mark.parametrize(("text", "encoding"), SAMPLES[:16])
def test_text_in_another_encoding_is_not_called_utf_8(text, encoding):
    assert "UTF-8" not in explain(failure(text.encode(encoding)))


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "euc-jp"])
def test_utf_8_that_fails_in_another_encoding_is_called_so(encoding):
    assert explain(failure("老人喜欢月亮。\n".encode(), encoding)) == "it is UTF-8: drop --encoding"


def test_a_block_of_utf_8_may_begin_and_end_inside_a_character():
    data = ("é中😀" * 9).encode()
    for begin in range(9):
        for end in range(len(data) - 9, len(data)):
            assert is_utf_8(data[begin:end], at_least=20)
    assert not is_utf_8(data, at_least=28)
    assert not is_utf_8(b"plain")
    assert not is_utf_8("café".encode("latin-1"))
