"""What pupils, parents and staff of the demo write."""

from __future__ import annotations

from mailguard.demo.cast import (
    BLACKLEDGE,
    HEAD,
    NURSE,
    OFFICE,
    PRICE,
    PUGH,
    RAO,
    REID,
    WHITWORTH,
)
from mailguard.demo.letters import TO_HEAD, Copy, DemoMessage, Via, Writer, delivered, held
from mailguard.domain.words import Disposition, ReportWhen, Role


def pupil_hands_in_homework(writer: Writer) -> DemoMessage:
    text = """\
Dear Mr Price,

Here is my answer to question 4 of the geography homework. I was not sure about the part on river deltas.
Could you tell me if the diagram needs labels as well?

Maryam Chaudhry, 9F
"""
    sender = "maryam.chaudhry24@pupils.harrowlane.example"
    return held(
        writer.letter(
            "homework",
            sender=f"Maryam Chaudhry <{sender}>",
            to=f"Gethin Price <{PRICE}>",
            subject="Geography homework, question 4",
            text=text,
            domain="pupils.harrowlane.example",
        ),
        title="A pupil sends homework",
        mail_from=sender,
        rcpt_to=PRICE,
        row="D2",
    )


def pupil_wants_snapchat(writer: Writer) -> DemoMessage:
    # The letters of "add me on Snapchat" are Cyrillic where they can be.
    text = """\
sir its tom from rugby lol. \u0430dd m\u0435 \u043en \u0405n\u0430\u0440\u0441h\u0430t its tomentz.rugby, every1 does it
its well easier than email haha
"""
    sender = "tomentz.rugby@quickpost.example"
    return held(
        writer.letter(
            "snapchat",
            sender=f"tomentz <{sender}>",
            to=f"Callum Reid <{REID}>",
            subject="\u0405n\u0430\u0440\u0441h\u0430t??",
            text=text,
            domain="quickpost.example",
        ),
        title="A pupil asks for Snapchat, in look-alike letters",
        mail_from=sender,
        rcpt_to=REID,
        row="D2",
    )


def child_on_mums_phone(writer: Writer) -> DemoMessage:
    text = """\
hi miss its riya on my mums phone coz mine is broke. did we have to bring the apron tmrw or is it next week??
pls reply here x
"""
    sender = "mistry.hina@quickpost.example"
    return held(
        writer.letter(
            "mums-phone",
            sender=f"Hina Mistry <{sender}>",
            to=f"Laura Whitworth <{WHITWORTH}>",
            subject="tomorrow",
            text=text,
            domain="quickpost.example",
        ),
        title="Probably a child, writing on her mother's phone",
        mail_from=sender,
        rcpt_to=WHITWORTH,
        row="D3",
    )


def roll_name_on_private_mail(writer: Writer) -> DemoMessage:
    text = """\
hiya sir

i cant get on my school account at the weekend so this is my own one. what page is the maths on

zak
"""
    sender = "zj.builds2010@homemail.example"
    return held(
        writer.letter(
            "roll-name",
            sender=f"Zack Jagger <{sender}>",
            to=f"Anthony Blackledge <{BLACKLEDGE}>",
            subject="maths",
            text=text,
            domain="homemail.example",
        ),
        title="A name of the roll on an unknown private address",
        mail_from=sender,
        rcpt_to=BLACKLEDGE,
        row="D3",
    )


def parent_writes_routinely(writer: Writer) -> DemoMessage:
    text = """\
Dear Mrs Clough,

Temitope has a dentist's appointment on Thursday at 10.15, so I will collect her from reception at ten.
She will be back before lunch. The form for the museum trip is in her bag.

Kind regards,
Folake Balogun
"""
    sender = "folake_balogun@webmail.example"
    return delivered(
        writer.letter(
            "routine",
            sender=f"Folake Balogun <{sender}>",
            to=f"Brenda Clough <{OFFICE}>",
            subject="Temitope, dentist on Thursday",
            text=text,
            domain="webmail.example",
        ),
        title="A parent writes about a dentist's appointment",
        mail_from=sender,
        rcpt_to=OFFICE,
        row="D7",
    )


def parent_complains(writer: Writer) -> DemoMessage:
    text = """\
Dear Mr Blackledge,

I am very unhappy about the way homework has been set this term. Three pieces were due on the same day, nothing was
marked for four weeks, and nobody answers when I ring. This is not good enough. I want an appointment this week and I
will make a formal complaint to the governors if the marking does not improve.

Lorna Carmichael
"""
    sender = "lorna.carmichael@fibreline.example"
    return delivered(
        writer.letter(
            "complaint",
            sender=f"Lorna Carmichael <{sender}>",
            to=f"Anthony Blackledge <{BLACKLEDGE}>",
            subject="Homework: I am not happy",
            text=text,
            domain="fibreline.example",
        ),
        title="An angry but lawful complaint by a parent",
        mail_from=sender,
        rcpt_to=BLACKLEDGE,
        row="D7",
    )


def allegation(writer: Writer) -> DemoMessage:
    text = """\
To whom it may concern,

I have to report something about Anthony Blackledge. He has been sending private messages to girls in Year 9 late at
night, and on Friday he touched my daughter's friend after the lesson and told her not to tell anybody. I am putting
this in writing because it has to be investigated. I am sending it to him as well so that he knows.

Bethan Cadwallader
"""
    sender = "bethan_cadwallader@webmail.example"
    message_id, raw = writer.letter(
        "allegation",
        sender=f"Bethan Cadwallader <{sender}>",
        to=f"Office <{OFFICE}>, Anthony Blackledge <{BLACKLEDGE}>",
        subject="Formal report about a member of staff",
        text=text,
        domain="webmail.example",
    )
    return DemoMessage(
        title="An allegation, to the office and to the accused",
        mail_from=sender,
        copies=(
            Copy(rcpt_to=BLACKLEDGE, message_id=message_id, raw=raw, expected=Disposition.HOLD),
            Copy(rcpt_to=OFFICE, message_id=message_id, raw=raw, expected=Disposition.DELIVER),
        ),
        row="D4",
        report=ReportWhen.NOW,
        told=TO_HEAD,
    )


def pupil_writes_to_the_head(writer: Writer) -> DemoMessage:
    text = """\
Dear Mrs Holroyd,

Please may the chess club use the library on Wednesdays after school? There are nine of us.

Matilda Featherstone, 8B
"""
    sender = "matilda.featherstone25@pupils.harrowlane.example"
    return held(
        writer.letter(
            "to-the-head",
            sender=f"Matilda Featherstone <{sender}>",
            to=f"Marian Holroyd <{HEAD}>",
            subject="Chess club",
            text=text,
            domain="pupils.harrowlane.example",
        ),
        title="A pupil writes to the Head herself",
        mail_from=sender,
        rcpt_to=HEAD,
        row="D2",
        told=(Role.DEPUTY, Role.CHAIR),
    )


def staff_invites_pupil(writer: Writer) -> DemoMessage:
    text = """\
Hi Olivia,

Easier if we talk on WhatsApp, I am on there most evenings. Add me on Instagram too, my private one, not the PE page.
Message me when you are home x

C
"""
    return held(
        writer.letter(
            "staff-outbound",
            sender=f"Callum Reid <{REID}>",
            to="olivsta.drums@webmail.example",
            subject="Saturday",
            text=text,
            domain="harrowlane.example",
            stated="",
        ),
        title="A teacher invites a pupil to his private account",
        mail_from=REID,
        rcpt_to="olivsta.drums@webmail.example",
        row="O1",
    )


def the_disclosure(writer: Writer) -> DemoMessage:
    """The message whose report is under way when the daemon is killed."""
    text = """\
miss can i tell you something. its about home. my stepdad hits me when my mum is at work and last night
he locked me out again and i slept in the shed. im scared to go home today. please dont be angry with me

Keeley
"""
    return held(
        writer.letter(
            "disclosure",
            sender="Keeley Unsworth <keeley.unsworth23@pupils.harrowlane.example>",
            to=f"Nerys Pugh <{PUGH}>",
            subject="can i talk to you",
            text=text,
            domain="pupils.harrowlane.example",
        ),
        title="A pupil tells of being hurt at home",
        mail_from="keeley.unsworth23@pupils.harrowlane.example",
        rcpt_to=PUGH,
        row="D1",
    )


def pupil_in_mailbox(writer: Writer) -> DemoMessage:
    text = """\
hi miss rao, sorry i missed the rehearsal, my nan was ill. can i still be in the concert??? i know all my notes

Beatriz
"""
    sender = "beatfer.goals@fibreline.example"
    return held(
        writer.letter(
            "mailbox-pupil",
            sender=f"bea <{sender}>",
            to=f"Sunita Rao <{RAO}>",
            subject="rehearsal",
            text=text,
            domain="fibreline.example",
        ),
        title="A pupil's message, found in a mailbox",
        mail_from=sender,
        rcpt_to=RAO,
        row="D2",
        via=Via.MAILBOX,
    )


def parent_in_mailbox(writer: Writer) -> DemoMessage:
    text = """\
Dear Miss Tallentire,

Kacper has a new inhaler. The pharmacist's label is on it; his sister will hand it in at the office tomorrow morning.

Dorota Bielecki
"""
    sender = "dorota.bielecki@homemail.example"
    return delivered(
        writer.letter(
            "mailbox-parent",
            sender=f"Dorota Bielecki <{sender}>",
            to=f"Josie Tallentire <{NURSE}>",
            subject="New inhaler",
            text=text,
            domain="homemail.example",
        ),
        title="A parent's message, found in a mailbox",
        mail_from=sender,
        rcpt_to=NURSE,
        row="D7",
        via=Via.MAILBOX,
    )
