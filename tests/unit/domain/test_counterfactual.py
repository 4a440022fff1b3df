from mailguard.domain.counterfactual import flips_if
from mailguard.domain.decide import decide_situation
from mailguard.domain.situation import Actor, Counterpart, EventOrNone, PlatformStanding, Sender, Situation
from mailguard.domain.words import Direction, Nature
from tests.schooling import shipped_policy

POLICY = shipped_policy()


def flips(situation: Situation) -> str:
    return flips_if(decide_situation("a@b.example", situation, POLICY), POLICY)


def test_childs_message_flips_when_the_sender_is_on_no_list():
    assert flips(Situation(sender=Sender.CHILD, nature=Nature.PERSONAL)).startswith(
        "the sender were on no list"
    )


def test_strangers_ordinary_mail_flips_when_the_sender_is_a_pupil():
    assert "pupil list" in flips(Situation())


def test_notification_flips_by_its_actor():
    situation = Situation(
        platform=PlatformStanding.ORDINARY, event=EventOrNone.FOLLOW, actor=Actor.CHILD, nature=Nature.OTHER
    )
    assert "the actor were on no list" in flips(situation)


def test_outbound_mail_flips_by_recipient_or_nature():
    situation = Situation(
        direction=Direction.OUTBOUND,
        sender=Sender.REPRESENTATIVE,
        counterpart=Counterpart.PARENT,
        nature=Nature.SOCIAL_INVITE,
    )
    assert flips(situation) == "the text were school business (then row Z)"
