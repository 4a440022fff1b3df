"""Who takes part in the demo: addresses of Harrow Lane School, as config/demo/lists has them."""

from __future__ import annotations

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
