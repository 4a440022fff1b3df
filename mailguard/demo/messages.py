"""A school day in two dozen messages, and what must become of each. All people are Harrow Lane's, so invented.

``row``, ``told`` and each copy's disposition are the expectation that ``mailguard demo --once`` holds the running system
to; config/demo/lists say who is who.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailguard.demo.letters import Copy, DemoMessage, Via, Writer
from mailguard.domain.words import Disposition, ReportWhen, Role

HEAD = "m.holroyd@harrowlane.example"
DEPUTY = "d.okonjo@harrowlane.example"
CHAIR = "chair@harrowlane.example"
OFFICE = "office@harrowlane.example"
RAO = "s.rao@harrowlane.example"
PRICE = "g.price@harrowlane.example"
WHITWORTH = "l.whitworth@harrowlane.example"
BLACKLEDGE = "a.blackledge@harrowlane.example"
PUGH = "n.pugh@harrowlane.example"
REID = "c.reid@harrowlane.example"
SIDDIQUI = "f.siddiqui@harrowlane.example"
NURSE = "j.tallentire@harrowlane.example"
IT = "it@harrowlane.example"
LISTED_STAFF = (RAO, PRICE, WHITWORTH, BLACKLEDGE, PUGH, REID, SIDDIQUI, NURSE, IT)
# On the school's domain and on no list: representatives all the same.
SUPPORT_STAFF = tuple(f"support{number:02}@harrowlane.example" for number in range(1, 32))
# Not the office: its mailbox has the school's official Facebook account (row P3).
FORTY_STAFF = LISTED_STAFF + SUPPORT_STAFF
MAILBOXES = (HEAD, DEPUTY, CHAIR, OFFICE, *LISTED_STAFF)

_HOLD, _DELIVER = Disposition.HOLD, Disposition.DELIVER
_TO_HEAD = (Role.HEAD,)


def before_the_cut(writer: Writer) -> list[DemoMessage]:
    """What comes through the relay before the daemon is killed."""
    return [
        _pupil_hands_in_homework(writer),
        _pupil_wants_snapchat(writer),
        _child_on_mums_phone(writer),
        _roll_name_on_private_mail(writer),
        _parent_writes_routinely(writer),
        _parent_complains(writer),
        _allegation(writer),
        _pupil_writes_to_the_head(writer),
        _staff_invites_pupil(writer),
    ]


def the_disclosure(writer: Writer) -> DemoMessage:
    """The message whose report is under way when the daemon is killed."""
    text = """\
miss can i tell you something. its about home. my stepdad hits me when my mum is at work and last night
he locked me out again and i slept in the shed. im scared to go home today. please dont be angry with me

Keeley
"""
    return _held(
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


def after_the_cut(writer: Writer) -> list[DemoMessage]:
    """What comes through the relay when the daemon is back: platforms, machines, suppliers."""
    return [
        _instagram_follow(writer),
        _friend_request_to_forty(writer),
        _parent_on_facebook(writer),
        _classroom_comment(writer),
        _platform_marketing(writer),
        _security_code(writer),
        _bounce(writer),
        _supplier(writer),
    ]


def into_mailboxes(writer: Writer) -> list[DemoMessage]:
    """What is put into mailboxes by another way than the relay."""
    return [
        _pupil_in_mailbox(writer),
        _parent_in_mailbox(writer),
        _stranger_follows_in_mailbox(writer),
    ]


def all_messages(writer: Writer) -> list[DemoMessage]:
    """In the order in which the demo sends them."""
    return [*before_the_cut(writer), the_disclosure(writer), *after_the_cut(writer), *into_mailboxes(writer)]


def _held(
    letter: tuple[str, bytes],
    *,
    title: str,
    mail_from: str,
    rcpt_to: str,
    row: str,
    report: ReportWhen = ReportWhen.NOW,
    told: tuple[Role, ...] = _TO_HEAD,
    via: Via = Via.RELAY,
    disposition: Disposition = _HOLD,
) -> DemoMessage:
    message_id, raw = letter
    copy = Copy(rcpt_to=rcpt_to, message_id=message_id, raw=raw, expected=disposition)
    return DemoMessage(
        title=title, mail_from=mail_from, copies=(copy,), row=row, report=report, told=told, via=via
    )


def _delivered(
    letter: tuple[str, bytes],
    *,
    title: str,
    mail_from: str,
    rcpt_to: str,
    row: str,
    report: ReportWhen = ReportWhen.NONE,
    via: Via = Via.RELAY,
) -> DemoMessage:
    return _held(
        letter,
        title=title,
        mail_from=mail_from,
        rcpt_to=rcpt_to,
        row=row,
        report=report,
        told=_TO_HEAD if report is not ReportWhen.NONE else (),
        via=via,
        disposition=_DELIVER,
    )


def _pupil_hands_in_homework(writer: Writer) -> DemoMessage:
    text = """\
Dear Mr Price,

Here is my answer to question 4 of the geography homework. I was not sure about the part on river deltas.
Could you tell me if the diagram needs labels as well?

Maryam Chaudhry, 9F
"""
    sender = "maryam.chaudhry24@pupils.harrowlane.example"
    return _held(
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


def _pupil_wants_snapchat(writer: Writer) -> DemoMessage:
    # The letters of "add me on Snapchat" are Cyrillic where they can be.
    text = """\
sir its tom from rugby lol. \u0430dd m\u0435 \u043en \u0405n\u0430\u0440\u0441h\u0430t its tomentz.rugby, every1 does it
its well easier than email haha
"""
    sender = "tomentz.rugby@quickpost.example"
    return _held(
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


def _child_on_mums_phone(writer: Writer) -> DemoMessage:
    text = """\
hi miss its riya on my mums phone coz mine is broke. did we have to bring the apron tmrw or is it next week??
pls reply here x
"""
    sender = "mistry.hina@quickpost.example"
    return _held(
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


def _roll_name_on_private_mail(writer: Writer) -> DemoMessage:
    text = """\
hiya sir

i cant get on my school account at the weekend so this is my own one. what page is the maths on

zak
"""
    sender = "zj.builds2010@homemail.example"
    return _held(
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


def _parent_writes_routinely(writer: Writer) -> DemoMessage:
    text = """\
Dear Mrs Clough,

Temitope has a dentist's appointment on Thursday at 10.15, so I will collect her from reception at ten.
She will be back before lunch. The form for the museum trip is in her bag.

Kind regards,
Folake Balogun
"""
    sender = "folake_balogun@webmail.example"
    return _delivered(
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


def _parent_complains(writer: Writer) -> DemoMessage:
    text = """\
Dear Mr Blackledge,

I am very unhappy about the way homework has been set this term. Three pieces were due on the same day, nothing was
marked for four weeks, and nobody answers when I ring. This is not good enough. I want an appointment this week and I
will make a formal complaint to the governors if the marking does not improve.

Lorna Carmichael
"""
    sender = "lorna.carmichael@fibreline.example"
    return _delivered(
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


def _allegation(writer: Writer) -> DemoMessage:
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
            Copy(rcpt_to=BLACKLEDGE, message_id=message_id, raw=raw, expected=_HOLD),
            Copy(rcpt_to=OFFICE, message_id=message_id, raw=raw, expected=_DELIVER),
        ),
        row="D4",
        report=ReportWhen.NOW,
        told=_TO_HEAD,
    )


def _pupil_writes_to_the_head(writer: Writer) -> DemoMessage:
    text = """\
Dear Mrs Holroyd,

Please may the chess club use the library on Wednesdays after school? There are nine of us.

Matilda Featherstone, 8B
"""
    sender = "matilda.featherstone25@pupils.harrowlane.example"
    return _held(
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


def _staff_invites_pupil(writer: Writer) -> DemoMessage:
    text = """\
Hi Olivia,

Easier if we talk on WhatsApp, I am on there most evenings. Add me on Instagram too, my private one, not the PE page.
Message me when you are home x

C
"""
    return _held(
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


def _instagram_follow(writer: Writer) -> DemoMessage:
    text = """\
maryam.cha32 started following you.

See the profile: https://www.instagram.com/maryam.cha32
"""
    return _held(
        writer.letter(
            "instagram-follow",
            sender="Instagram <no-reply@mail.instagram.com>",
            to=f"Nerys Pugh <{PUGH}>",
            subject="maryam.cha32 started following you",
            text=text,
            domain="mail.instagram.com",
            further=("X-Facebook-Notify: ig_new_follower; mailid=demo",),
        ),
        title="Instagram: a pupil's known account follows a teacher",
        mail_from="no-reply@mail.instagram.com",
        rcpt_to=PUGH,
        row="P7",
    )


def _friend_request_to_forty(writer: Writer) -> DemoMessage:
    text = """\
Kyle Openshaw wants to be friends with you on Facebook.

Confirm request: https://www.facebook.com/n/?reqs.php
"""
    copies = []
    for number, address in enumerate(FORTY_STAFF, start=1):
        message_id, raw = writer.letter(
            f"friend-request-{number}",
            sender="Facebook <friendupdates@facebookmail.com>",
            to=address,
            subject="Kyle Openshaw sent you a friend request",
            text=text,
            domain="facebookmail.com",
            further=("X-Facebook-Notify: friend_request; mailid=demo",),
        )
        copies.append(Copy(rcpt_to=address, message_id=message_id, raw=raw, expected=_HOLD))
    return DemoMessage(
        title=f"Facebook: a roll name asks {len(copies)} staff to be friends",
        mail_from="friendupdates@facebookmail.com",
        copies=tuple(copies),
        row="P7",
        report=ReportWhen.NOW,
        told=_TO_HEAD,
    )


def _parent_on_facebook(writer: Writer) -> DemoMessage:
    text = """\
Wayne Farnworth wants to be friends with you on Facebook.

Confirm request: https://www.facebook.com/n/?reqs.php
"""
    return _held(
        writer.letter(
            "parent-facebook",
            sender="Facebook <friendupdates@facebookmail.com>",
            to=f"Sunita Rao <{RAO}>",
            subject="Wayne Farnworth sent you a friend request",
            text=text,
            domain="facebookmail.com",
            further=("X-Facebook-Notify: friend_request; mailid=demo",),
        ),
        title="Facebook: a parent asks a teacher to be friends",
        mail_from="friendupdates@facebookmail.com",
        rcpt_to=RAO,
        row="P8",
        report=ReportWhen.DIGEST,
    )


def _classroom_comment(writer: Writer) -> DemoMessage:
    text = """\
Hi Gethin,

Hamza Chaudhry added a private comment on "Coasts: the sketch map" in 7B Geography.

"sir i handed mine in, is the key ok like that?"

Reply: https://classroom.google.com/c/demo
"""
    return _delivered(
        writer.letter(
            "classroom",
            sender='"Hamza Chaudhry (Classroom)" <no-reply@classroom.google.com>',
            to=f"Gethin Price <{PRICE}>",
            subject='New private comment on: "Coasts: the sketch map"',
            text=text,
            domain="classroom.google.com",
        ),
        title="Google Classroom: a pupil comments on a task",
        mail_from="no-reply@classroom.google.com",
        rcpt_to=PRICE,
        row="E1",
        report=ReportWhen.DIGEST,
    )


def _platform_marketing(writer: Writer) -> DemoMessage:
    text = """\
Short videos that everybody talks about this week: open the app to see what is new.

Watch now: https://www.tiktok.com/foryou

You get this mail because of your notification settings. Unsubscribe: https://www.tiktok.com/unsubscribe
"""
    return _held(
        writer.letter(
            "marketing",
            sender="TikTok <notification@service.tiktok.com>",
            to=f"Farah Siddiqui <{SIDDIQUI}>",
            subject="Trending this week on TikTok",
            text=text,
            domain="service.tiktok.com",
            further=("List-Unsubscribe: <https://www.tiktok.com/unsubscribe>",),
        ),
        title="TikTok: marketing",
        mail_from="notification@service.tiktok.com",
        rcpt_to=SIDDIQUI,
        row="P9",
        report=ReportWhen.DIGEST,
    )


def _security_code(writer: Writer) -> DemoMessage:
    text = """\
Your Facebook security code is 402917. It expires in ten minutes. If you did not ask for it, you need not do anything.
"""
    return _delivered(
        writer.letter(
            "security-code",
            sender="Facebook <security@facebookmail.com>",
            to=f"Brenda Clough <{OFFICE}>",
            subject="402917 is your Facebook security code",
            text=text,
            domain="facebookmail.com",
            further=("X-Facebook-Notify: confirmation_code; mailid=demo",),
        ),
        title="Facebook: a security code, which would expire",
        mail_from="security@facebookmail.com",
        rcpt_to=OFFICE,
        row="P2",
    )


def _bounce(writer: Writer) -> DemoMessage:
    return _delivered(
        writer.bounce(
            "bounce", to=OFFICE, domain="mx.fibreline.example", lost_address="nobody.here@fibreline.example"
        ),
        title="A bounce (null sender)",
        mail_from="",
        rcpt_to=OFFICE,
        row="X3",
    )


def _supplier(writer: Writer) -> DemoMessage:
    text = """\
Dear Piotr,

Your order 55120, twelve projector lamps, leaves our warehouse on Monday. The invoice follows by post.

Pennine School Supplies, Accounts
"""
    return _delivered(
        writer.letter(
            "supplier",
            sender="Pennine School Supplies <orders@pennine-supplies.example>",
            to=f"Piotr Wrona <{IT}>",
            subject="Your order 55120 is on its way",
            text=text,
            domain="pennine-supplies.example",
        ),
        title="A supplier confirms an order",
        mail_from="orders@pennine-supplies.example",
        rcpt_to=IT,
        row="Z",
    )


def _pupil_in_mailbox(writer: Writer) -> DemoMessage:
    text = """\
hi miss rao, sorry i missed the rehearsal, my nan was ill. can i still be in the concert??? i know all my notes

Beatriz
"""
    sender = "beatfer.goals@fibreline.example"
    return _held(
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


def _parent_in_mailbox(writer: Writer) -> DemoMessage:
    text = """\
Dear Miss Tallentire,

Kacper has a new inhaler. The pharmacist's label is on it; his sister will hand it in at the office tomorrow morning.

Dorota Bielecki
"""
    sender = "dorota.bielecki@homemail.example"
    return _delivered(
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


def _stranger_follows_in_mailbox(writer: Writer) -> DemoMessage:
    text = """\
pennine_bakes is now following you on TikTok.

See the profile: https://www.tiktok.com/@pennine_bakes
"""
    return _held(
        writer.letter(
            "mailbox-tiktok",
            sender="TikTok <notification@service.tiktok.com>",
            to=f"Laura Whitworth <{WHITWORTH}>",
            subject="pennine_bakes started following you",
            text=text,
            domain="service.tiktok.com",
        ),
        title="TikTok: a stranger follows; found in a mailbox",
        mail_from="notification@service.tiktok.com",
        rcpt_to=WHITWORTH,
        row="P9",
        report=ReportWhen.DIGEST,
        via=Via.MAILBOX,
    )


def known_addresses(messages: Sequence[DemoMessage]) -> frozenset[str]:
    """Every address of the school that needs a mailbox."""
    named = {copy.rcpt_to for message in messages for copy in message.copies}
    return frozenset(MAILBOXES) | {address for address in named if address.endswith("@harrowlane.example")}
