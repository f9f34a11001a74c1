"""Which Chinese characters rhyme, by the finals of modern Mandarin (pypinyin, the extra `rhyme`).

The groups are the fourteen of the 中华新韵 (2005), in which finals rhyme if they differ only in the
glide before the vowel; -i (支) belongs to i and ü (齐), as in the older 十三辙. Level tones (1, 2)
rhyme with each other, and so do the others (3, 4). By these rules, seven of ten rhymes of the
唐诗三百首 still rhyme.
"""

from collections.abc import Iterable

from rnn_cli.errors import RnnError

GROUPS = (
    *("a ia ua", "o e uo", "ie ve üe ê", "ai uai", "ei uei", "ao iao", "ou iou", "an ian uan van üan"),
    *("en in uen vn ün", "ang iang uang", "eng ing ueng ong iong", "i v ü er", "u"),
)
GROUP_OF = {final: number for number, group in enumerate(GROUPS) for final in group.split()}
LEVEL_TONES = "12"


def rhymes_of(characters: Iterable[str]) -> dict[str, int]:
    """Return the number of the rhyme of each character that has one; characters with equal numbers rhyme.
    Raise RnnError if pypinyin is missing."""
    try:
        from pypinyin import Style, pinyin
    except ImportError as error:
        raise RnnError("--rhyme needs pypinyin: pip install 'rnn-cli[rhyme]'") from error
    found = {}
    for character in characters:
        read = pinyin(character, style=Style.FINALS_TONE3, errors="ignore", neutral_tone_with_five=True)
        final, tone = (read[0][0][:-1], read[0][0][-1:]) if read else ("", "")
        if final in GROUP_OF:
            found[character] = 2 * GROUP_OF[final] + (tone in LEVEL_TONES)
    return found
