"""What the system keeps: a fixed list of documents, sealed texts on disk, and exchanged messages."""

import hmac
import os
import re
import secrets
import threading

HOME = "/var/lib/doc"
SERVICE = "svc-portal"
KEEP_MESSAGES = 400
MESSAGE_LIMIT = 64 * 1024

# number, speed, secrecy, subject, unit, received. The number is the ROC year and a running number.
DOCUMENTS = [
    ("115-0031", "普通件", "普通", "檢送本府資訊設備汰換清冊", "數位發展處", "115-10-21", "請各單位於期限內完成財產報廢及移撥。"),
    ("115-0035", "速件", "普通", "函轉冬季防汛整備注意事項", "消防局", "115-10-29", "請各鄉鎮市公所完成抽水設備檢查並回報。"),
    ("115-0037", "普通件", "普通", "圖書館延長開放時間人力調度案", "文化局", "115-11-03", "同意以加班補休方式辦理，請列入勤務表。"),
    ("115-0039", "速件", "普通", "入口網與公文系統介接測試紀錄", "數位發展處", "115-11-06", "介接帳號 svc-portal 測試通過，交換端點 /exchange。"),
    ("115-0040", "最速件", "普通", "資通安全演練通知", "數位發展處", "115-11-13", "演練期間請各機關維持聯絡窗口暢通。"),
    ("115-0042", "最速件", "密", "（密件，主旨不公開）", "秘書處", "115-11-18", None),
    ("115-0043", "普通件", "普通", "白沙嶼鄉交通船航班調整備查案", "交通處", "115-11-19", "同意備查。"),
]
NUMBER = re.compile(r"115-\d{4}")
MESSAGE_ID = re.compile(r"[0-9a-f]{16}")

_lock = threading.Lock()


def _read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (FileNotFoundError, PermissionError):
        return None


def password_fits(login, password):
    """Is this the service account's password? Read anew each time: it may be planted or changed while we run."""
    known = (_read(f"{HOME}/service.password") or "").strip()
    if not known or login != SERVICE:
        return False
    return hmac.compare_digest(known.encode(), password.encode())


def document(number):
    """The row of a document and its text, or None. A sealed text lies on disk."""
    if not NUMBER.fullmatch(number):
        return None
    for row in DOCUMENTS:
        if row[0] == number:
            text = row[6] if row[6] is not None else _read(f"{HOME}/sealed/{number}.txt")
            return (row, text) if text is not None else None
    return None


def keep_message(body):
    """Stores one exchanged message and returns its id; the oldest beyond the limit go."""
    name = secrets.token_hex(8)
    folder = f"{HOME}/exchange"
    with _lock:
        with open(f"{folder}/{name}.part", "wb") as file:
            file.write(body)
        os.replace(f"{folder}/{name}.part", f"{folder}/{name}")
        with os.scandir(folder) as entries:
            old = sorted(
                (entry for entry in entries if MESSAGE_ID.fullmatch(entry.name)),
                key=lambda entry: entry.stat().st_mtime_ns,
            )
        for entry in old[:-KEEP_MESSAGES]:
            os.unlink(entry.path)
    return name


def message(name):
    """The bytes of a message, or None."""
    if not MESSAGE_ID.fullmatch(name):
        return None
    try:
        with open(f"{HOME}/exchange/{name}", "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
