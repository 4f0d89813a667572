"""``python -m voice_agent.scripts``: renders every crisis script of every locale anew.

To be run whenever the scripts, the voice or the codec's weights change (``make scripts``); the
archive it writes is part of the package.
"""

from __future__ import annotations

from codec import RATES, load_codec
from voice_agent.speak.archive import ARCHIVE, render
from voice_agent.speak.settings import SpeakSettings
from voice_agent.speak.voice import Voice
from voice_agent.think.crisis_talk import crisis_scripts
from voice_agent.think.tables import table_names


def every_script() -> dict[str, str]:
    """Text of every crisis script of every locale, by id."""
    return {
        script_id: text
        for code in table_names("locales")
        for script_id, text in crisis_scripts(code).items()
    }


def main() -> None:
    texts = set(every_script().values())
    voice = Voice.load(SpeakSettings())
    spoken = render(texts, voice, [load_codec(name) for name in RATES])
    print(f"{len(texts)} lines, {spoken} of them spoken anew, {ARCHIVE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
