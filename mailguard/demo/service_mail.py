"""What platforms, machines and suppliers send to the demo's staff."""

from __future__ import annotations

from mailguard.demo.cast import FORTY_STAFF, IT, OFFICE, PRICE, PUGH, RAO, SIDDIQUI, WHITWORTH
from mailguard.demo.letters import TO_HEAD, Copy, DemoMessage, Via, Writer, delivered, held
from mailguard.domain.words import Disposition, ReportWhen


def instagram_follow(writer: Writer) -> DemoMessage:
    text = """\
maryam.cha32 started following you.

See the profile: https://www.instagram.com/maryam.cha32
"""
    return held(
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


def friend_request_to_forty(writer: Writer) -> DemoMessage:
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
        copies.append(Copy(rcpt_to=address, message_id=message_id, raw=raw, expected=Disposition.HOLD))
    return DemoMessage(
        title=f"Facebook: a roll name asks {len(copies)} staff to be friends",
        mail_from="friendupdates@facebookmail.com",
        copies=tuple(copies),
        row="P7",
        report=ReportWhen.NOW,
        told=TO_HEAD,
    )


def parent_on_facebook(writer: Writer) -> DemoMessage:
    text = """\
Wayne Farnworth wants to be friends with you on Facebook.

Confirm request: https://www.facebook.com/n/?reqs.php
"""
    return held(
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


def classroom_comment(writer: Writer) -> DemoMessage:
    text = """\
Hi Gethin,

Hamza Chaudhry added a private comment on "Coasts: the sketch map" in 7B Geography.

"sir i handed mine in, is the key ok like that?"

Reply: https://classroom.google.com/c/demo
"""
    return delivered(
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


def platform_marketing(writer: Writer) -> DemoMessage:
    text = """\
Short videos that everybody talks about this week: open the app to see what is new.

Watch now: https://www.tiktok.com/foryou

You get this mail because of your notification settings. Unsubscribe: https://www.tiktok.com/unsubscribe
"""
    return held(
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


def security_code(writer: Writer) -> DemoMessage:
    text = """\
Your Facebook security code is 402917. It expires in ten minutes. If you did not ask for it, you need not do anything.
"""
    return delivered(
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


def bounce(writer: Writer) -> DemoMessage:
    return delivered(
        writer.bounce(
            "bounce", to=OFFICE, domain="mx.fibreline.example", lost_address="nobody.here@fibreline.example"
        ),
        title="A bounce (null sender)",
        mail_from="",
        rcpt_to=OFFICE,
        row="X3",
    )


def supplier(writer: Writer) -> DemoMessage:
    text = """\
Dear Piotr,

Your order 55120, twelve projector lamps, leaves our warehouse on Monday. The invoice follows by post.

Pennine School Supplies, Accounts
"""
    return delivered(
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


def stranger_follows_in_mailbox(writer: Writer) -> DemoMessage:
    text = """\
pennine_bakes is now following you on TikTok.

See the profile: https://www.tiktok.com/@pennine_bakes
"""
    return held(
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
