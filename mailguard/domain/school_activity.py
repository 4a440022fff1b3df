"""Whether words or file names say that pictures show a school activity.

Source: policy 3.b3, "photographs of pupils or school activities". Words of English schools; the model does not judge this.
"""

from __future__ import annotations

import re

# A form is "8H"; "8h" and "7d" are how long ago.
_ACTIVITY = re.compile(
    r"""\b(?:
      year \s? (?:(?:7|8|9|10|11|12|13)(?:'?s)?|seven|eight|nine|ten|eleven)(?:s|ers)?
    | (?<!\d\s) (?<!\d) y(?:r \.? \s?)? \s? (?:7|8|9|10|11|12|13)(?:'?s)? | (?:7|8|9|10|11)(?-i:[A-H]|[abcefg])
    | (?:key \s stage | ks) \s? [1-4] | sixth \s? form(?:ers?)? | (?:my|our) \s (?:gcse|a[\s-]level|btec) (?:s|\s\w+)?
    | (?:gcse|a[\s-]level) \s (?:results|group|class|set|drama|music|art|exhibition|show|recital|pieces|students|pupils)
    | results \s day | dress \s rehearsals? | end \s of \s (?:year|term) \s (?:show|concert|assembly|production|trip|party|disco)
    | (?:after[\s-]?school|lunchtime|break \s? time|homework|breakfast) \s club
    | world \s book \s day | non[\s-]uniform \s day | mufti \s day
    | (?:staff|teachers?) \s (?:v|vs|versus|against) \.? \s (?:students?|pupils?|kids|year)
    | inter-?form | prefects | head \s (?:boy|girl)s?
    | (?:my|our) \s (?:tutees|prefects|classes|lot \s (?:at|in) \s school|year \s? (?:group|sevens|eights|nines|tens|elevens))
    | (?:lads|girls|boys|kids|children) \s (?:in|from|of) \s (?:my|our) \s (?:class|form|school|year|team \s at \s school|set)
    | sports? \s day | prize \s giving | awards? \s evening | speech \s day | open \s evening | prom
    | leavers? (?:\s|') .{0,12} (?:assembly|prom|do|day|hoodies) | assembly
    | school \s (?:trip|play|show|production|concert|fair|fete|disco|choir|band|orchestra|visit|team|dance|hall|musical|panto(?:mime)?
        |rehearsals?|performance|residential|minibus|leavers|exhibition|camp|tour|journey|stage|gym|field|photos?|pictures)
    | school \s (?:council|bake \s sale)
    | (?:school|house|inter-?house|netball|football|rugby|hockey|cricket|athletics|swimming|cross \s country)
        \s .{0,14} (?:match|(?:semi|quarter)?[\s-]?finals?|semis?|cup|tournament|gala|fixture|squad|team)
    | (?:my|our) \s (?:u(?:nder)?[\s-]?1[1-8](?:'?s)? | first \s (?:xi|xv))
    | (?:my|our) \s (?:netball|football|rugby|hockey|cricket) \s (?:girls|boys|lads|lot)
    | (?:geography|history|science|art|music|drama|ski|residential|french|german|spanish|dt|pe)
        \s (?:trip|field \s? trip|visit|exchange|club|lesson|class|week)
    | field \s? trip | duke \s of \s edinburgh | d\s?of\s?e | dofe | nativity | science \s fair | work \s experience \s week
    | my \s (?:class|form|tutor \s group|pupils|students|kids \s at \s school|year \s group)
    | our \s (?:pupils|students|class|school)
    | (?:pupils|students|classroom|playground|form \s group|tutor \s group)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)


def shows_school_activity(texts: tuple[str, ...], school_name: str) -> str:
    """The words that say so, "" when none do. The school's name without "School" counts too."""
    texts = tuple(text.replace("\u2019", "'") for text in texts)
    short_name = re.sub(
        r"\b(high|primary|secondary|academy|community|school|the|college)\b", "", school_name, flags=re.I
    )
    short_name = " ".join(re.findall(r"[^\W_]+", short_name)).lower()
    for text in texts:
        found = _ACTIVITY.search(text)
        if found:
            return found.group(0).strip()
        if len(short_name) > 3 and short_name in " ".join(re.findall(r"[^\W_]+", text)).lower():
            return short_name
    return ""
