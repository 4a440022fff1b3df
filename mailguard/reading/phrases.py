"""How mail programs in many languages say: somebody wrote, original message, forwarded message, sent from my
telephone.
"""

from __future__ import annotations

import re

_WROTE = (
    r"wrote|writes|said|schrieb(?: am)?|geschrieben|a [eé]crit|escribi[oó]|ha scritto|scrisse|escreveu|"
    r"schreef|"
    r"napisa[lł](?:\(?a\)?|/a)?|pisze|skrev|kirjoitti|napsal(?:\(?a\)?)?|nap[ií]sal(?:\(?a\)?)?|[ií]rta|"
    r"a scris|yazd[ıi]|"
    r"написал(?:\(?а\)?|/а)?|пишет|написав|пише|έγραψε|كتب(?:ت)?|نے لکھا|"
    r"schreven|vi[eế]t|写了|escrigu[eé]|"
    r"napisao|rakst[iī]ja|ra[sš][eė]|shkroi|scríobh|ysgrifennodd|wedi ysgrifennu"
)
# These stand behind a time or a name without a space, and people hardly write them.
_WROTE_JOINED = r"写道|寫道|님이 작성|のメール|さんは書きました"
# A line that tells who wrote what follows; it needs a sign of a date or an address beside these words, or a
# quotation below.
ATTRIBUTION = re.compile(
    rf"(?:(?<!\w)(?:{_WROTE})|{_WROTE_JOINED})(?!\w)[^\n]{{0,120}}[:：]\s*[-_]*$", re.IGNORECASE
)
ATTRIBUTION_START = re.compile(
    r"^(?:on|am|le|el|il|em|op|den|dnia|w dniu|dne|tarihinde|a[mn]? |på|pe|în|на|em|no dia|il giorno|ar|"
    r"dn[aá]|v|"
    r"\d{1,4}[-./年]\d{1,2}|\d{1,2}[. ]|mon|tue|wed|thu|fri|sat|sun|在|於|في|בתאריך)\b",
    re.IGNORECASE,
)
HAS_EVIDENCE = re.compile(r"\d|@")
# What a program writes and a person hardly would: an address, or a year beside a time of day.
ADDRESS_OR_YEAR = re.compile(r"@|(?<!\d)(?:19|20)\d\d(?!\d)")
TIME_OF_DAY = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)")

ORIGINAL = re.compile(
    r"^[>\s]*[-_=*—–]{2,}\s*(?:original (?:message|e-?mail|appointment)|urspr[üu]ngliche (?:nachricht|"
    r"mail)|originalnachricht|"
    r"message d[’']origine|message original|mensaje original|messaggio originale|mensagem original|"
    r"oorspronkelijk bericht|"
    r"wiadomo[sś][cć] oryginalna|oryginalna wiadomo[sś][cć]|ursprungligt meddelande|oprindelig meddelelse|"
    r"opprinnelig melding|"
    r"alkuper[äa]inen viesti|p[ůu]vodn[ií] (?:zpr[áa]va|spr[áa]va)|eredeti [üu]zenet|mesaj original|"
    r"orijinal (?:ileti|mesaj)|"
    r"исходное сообщение|оригинальное сообщение|original-nachricht|原始邮件|原始郵件|"
    r"رسالة أصلية|reply message|"
    r"antwort)\s*"
    r"[-_=*—–]{2,}\s*$",
    re.IGNORECASE,
)
FORWARDED = re.compile(
    r"^[>\s]*(?:[-_=*—–]{2,}\s*(?:(?:begin )?forwarded (?:message|by|mail)|weitergeleitete nachricht|"
    r"message transf[ée]r[ée]|"
    r"message transmis|mensaje reenviado|messaggio inoltrato|mensagem (?:encaminhada|reencaminhada)|"
    r"doorgestuurd bericht|"
    r"wiadomo[sś][cć] przekazana|przekazana wiadomo[sś][cć]|vidarebefordrat meddelande|"
    r"videresendt (?:meddelelse|melding)|"
    r"v[äa]litetty viesti|p[řr]eposlan[áa] (?:zpr[áa]va|spr[áa]va)|tov[áa]bb[ií]tott [üu]zenet|"
    r"mesaj redirec[țt]ionat|"
    r"iletilen (?:ileti|mesaj)|пересылаемое сообщение|пересланное сообщение|转发的消息|"
    r"转发邮件|転送メッセージ|"
    r"رسالة معاد توجيهها)\b.*|"
    r"(?:begin forwarded message|anfang der weitergeleiteten nachricht|"
    r"d[ée]but du message (?:r[ée]exp[ée]di[ée]|transf[ée]r[ée])|"
    r"inicio del mensaje reenviado|inizio messaggio inoltrato|in[ií]cio da mensagem (?:encaminhada|"
    r"reencaminhada)|"
    r"begin doorgestuurd bericht|pocz[ąa]tek przekazywanej wiadomo[sś]ci|vidarebefordrat brev|"
    r"start på videresendt besked|"
    r"videresendt melding|начало переадресованного сообщения|下面是被转发的邮件)\s*[:：])\s*$",
    re.IGNORECASE,
)
FOREIGN_MARK = re.compile(r"^\s{0,4}([A-Za-z]{1,3}>|[|#%}\]~:]+|--\]|=>)(?=\s|\w)")
RULE = re.compile(r"^[>\s]*[-_=*—–]{5,}\s*$")

_LABEL = r"^[>\s*|•-]{0,6}(?:%s)\s*\*?\s*[:：]\s*\*?\s*(.*)$"
FROM_LABEL = re.compile(
    _LABEL % r"from|von|de|da|van|od|från|fra|l[äa]hett[äa]j[äa]|kimden|от|від|de la|felad[óo]|"
    r"发件人|寄件者|差出人|من|oddaw?r?|mittente|"
    r"expediteur|exp[ée]diteur|remitente|remetente|absender|afzender|nadawca|avs[äa]ndare|afsender|"
    r"avsender|sender",
    re.IGNORECASE,
)
OTHER_LABEL = re.compile(
    _LABEL % r"sent|date|gesendet|datum|envoy[ée](?: le)?|enviado(?: el)?|enviada(?: em)?|fecha|inviato|data|"
    r"verzonden|wys[łl]ano|skickat|"
    r"sendt|dato|l[äa]hetetty|p[äa]iv[äa]ys|g[öo]nder(?:me|ilme|ildi)(?: tarihi)?|tarih|отправлено|дата|"
    r"надіслано|odesl[áa]no|trimis|"
    r"k[üu]ldve|elk[üu]ldve|发送时间|日期|寄件日期|送信日時|日時|التاريخ|to|an|[àa]|para|aan|do|till|til|kenelle|"
    r"vastaanottaja|kime|"
    r"кому|komu|c[ăa]tre|c[íi]mzett|收件人|收件者|宛先|إلى|cc|kopie|copie|kopia|kopi|dw|копия|copia|subject|"
    r"betreff|objet|asunto|"
    r"assunto|oggetto|onderwerp|temat|[äa]mne|emne|aihe|konu|тема|p[řr]edm[ěe]t|subiect|t[áa]rgy|主题|主旨|件名|"
    r"الموضوع|reply-to|"
    r"importance|attachments?|anlagen?",
    re.IGNORECASE,
)
FORWARD_SUBJECT = re.compile(
    r"^\s*(?:(?:re|aw|sv|vs|antw|odp|ynt|rif|ref)\s*:\s*){0,3}\[?(?:fw|fwd|wg|tr|rv|enc|doorst|vb|vl|vs|pd|"
    r"i|ilt|ynt|fs|továbbítás|"
    r"пересл|转发|轉寄)\s*[:：]",
    re.IGNORECASE,
)
REPLY_SUBJECT = re.compile(
    r"^\s*\[?(?:re|aw|sv|antw|odp|r|rif|res|ref|vá|ynt|回复|回覆|答复|ha|fw|fwd|wg|tr|rv|enc|vs|pd)(?:\s?\[\d+\]|"
    r"\^\d+)?\s*[:：]",
    re.IGNORECASE,
)

MOBILE = re.compile(
    r"^[\s*_~-]{0,4}(?:sent (?:from|via|using|with|on) (?:my |the )?(?:[\w.’' -]{0,30})?(?:iphone|ipad|"
    r"ipod|android|samsung|galaxy|"
    r"huawei|xiaomi|pixel|oneplus|nokia|blackberry|mobile|cell|phone|tablet|device|smartphone|outlook|"
    r"yahoo|aol|gmail|mail|"
    r"proton|windows|mac|watch|hotmail|tiscali|bt|sky|vodafone|ee|o2|virgin)\b(?P<rest>.*)|"
    r"(?:get outlook|get bluemail|download (?:outlook|the .{0,20}app))\b(?P<more>.*)|"
    r"envoy[ée] (?:de|depuis|à partir de|avec) (?:mon|ma|un|l[’'])?.{1,40}|von meinem .{1,40} (?:gesendet|"
    r"aus gesendet)|"
    r"gesendet (?:von|mit|über) .{1,40}|enviado desde (?:mi )?.{1,40}|enviado (?:do|de|"
    r"pelo) (?:meu )?.{1,40}|"
    r"inviato (?:da|dal|con) .{1,40}|verzonden (?:vanaf|met|vanuit) .{1,40}|wys[łl]an[eo]? z .{1,40}|"
    r"skickat fr[åa]n .{1,40}|"
    r"sendt fra .{1,40}|l[äa]hetetty .{1,40}(?:sta|st[äa])|odesl[áa]no z .{1,40}|отправлено (?:с|из) .{1,40}|"
    r"iphone'?umdan g[öo]nderildi|发自我的.{1,30}|iPhoneから送信|تم الإرسال من .{1,40}|trimis de pe .{1,40}|"
    r"anfonwyd o fy .{1,30})\s*$",
    re.IGNORECASE,
)
# What may stand behind "Sent from my iPhone"; any other word there is the sender's.
MOBILE_REST = frozenset(
    {
        "pro", "max", "plus", "mini", "ultra", "air", "note", "edge", "tab", "fold", "flip", "se",
        "xs", "xr", "lte", "device", "phone", "smartphone", "tablet", "mobile", "mail", "app", "for",
        "ios", "android", "windows", "mac", "outlook", "yahoo", "gmail", "bt", "ee", "vodafone",
        "three", "o2", "sky", "on", "the", "via", "by", "with", "using", "network", "from", "please",
        "excuse", "forgive", "pardon", "any", "all", "typos", "typo", "brevity", "errors", "mistakes",
        "spelling", "predictive", "text", "apologies", "and", "my", "this", "its", "tiny", "keyboard",
        "email", "secure", "encrypted",
    }
)  # fmt: skip

# A disclaimer begins like one of these and speaks like a lawyer: a child too writes "this email is
# confidential".
LEGAL = re.compile(
    r"intended (?:only |solely |exclusively )?for|recipient|addressee|in error|files transmitted|"
    r"any attachments?|privileged|"
    r"virus|checked|environment|printing|expressed|opinions|liab|unauthori[sz]ed|disclos|vertraulich|"
    r"confidentiel|destinat|"
    r"riservat|monitor|scanned",
    re.IGNORECASE,
)
DISCLAIMER = re.compile(
    r"^[\s*_]{0,6}(?:"
    r"(?:this|the information (?:contained )?in this) (?:e-?mail|message|communication|transmission|"
    r"electronic message)\b.{0,200}"
    r"(?:confidential|privileged|intended (?:only |solely )?for|virus|scanned|monitored|may contain)|"
    r"(?:confidentiality|privacy|legal|email) (?:notice|note|disclaimer|statement)\b|disclaimer\s*[:.]|"
    r"if you (?:are not the (?:intended|named)|have received this (?:e-?mail|message|"
    r"communication) in error)|"
    r"please (?:consider|think of|think about) the (?:environment|planet)|"
    r"(?:any )?views (?:or opinions )?(?:expressed|presented) (?:in this|are solely)|"
    r"this e-?mail (?:has been|was) (?:checked|scanned)|virus-free\.|scanned by\b|"
    r"(?:diese|die in dieser) (?:e-?mail|nachricht).{0,120}vertraulich|ce (?:message|courriel|"
    r"mail).{0,160}confidentiel|"
    r"este (?:mensaje|correo|e-?mail).{0,160}confidencial|questo messaggio.{0,160}riservat)",
    re.IGNORECASE,
)
SEPARATOR = re.compile(r"^-- ?$")

TELEPHONE = re.compile(
    r"^[\s*|•-]{0,4}(?:t|tel|telephone|phone|m|mob|mobile|direct(?: (?:dial|line))?|dd|switchboard|office|"
    r"fax|f)\b\s*[.:)]?\s*"
    r"[+(]?\d[\d\s().+-]{6,24}",
    re.IGNORECASE,
)
ORGANISATION = re.compile(
    r"\b(?:school|academy|college|university|nursery|trust|council|borough|office|department|dept|faculty|"
    r"ltd|limited|plc|llp|inc|"
    r"gmbh|cic|charity|foundation|association|federation|clinic|surgery|hospital|nhs|police|constabulary|"
    r"solicitors?|manager|"
    r"director|officer|co-?ordinator|administrator|secretary|assistant|teacher|tutor|head of|headteacher|"
    r"principal|bursar|"
    r"consultant|advisor|adviser|executive|engineer|partner|technician|coach|nurse|practitioner|governors?|"
    r"registered|www\.)\b",
    re.IGNORECASE,
)
