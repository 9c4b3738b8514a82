"""The pages, as text."""

from html import escape

STYLE = """
body{margin:0;font:16px/1.7 "Noto Sans TC","Microsoft JhengHei",sans-serif;color:#23282e;background:#f4f2ec}
header{background:#5b3a29;color:#fff;padding:12px 24px;display:flex;gap:24px;align-items:baseline}header b{font-size:22px;letter-spacing:.1em}header a{color:#fff}
main{max-width:980px;margin:20px auto;background:#fff;border:1px solid #d9d2c4;padding:20px 28px}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #d9d2c4;padding:6px 10px;text-align:left}thead th{background:#efe9dd}
.tabs{display:flex;gap:4px;list-style:none;padding:0;border-bottom:2px solid #5b3a29}.tabs li{padding:4px 18px;background:#efe9dd}.tabs li[aria-current]{background:#5b3a29;color:#fff}
.top{color:#9b1c1c;font-weight:bold}.secret{border:1px solid #9b1c1c;color:#9b1c1c;padding:0 6px}
label{display:block;margin-top:10px}input,button{font:inherit;padding:5px 10px}.notice{background:#fdf0e3;border-left:5px solid #a3470b;padding:8px 14px}
pre{white-space:pre-wrap;font:inherit;border:1px solid #d9d2c4;padding:14px}footer{text-align:center;color:#5f5a50;padding:14px}
"""


def frame(title, body, user=None):
    who = f'<span>登入者：{escape(user)}</span> <a href="/logout">登出</a>' if user else ""
    return (
        f'<!doctype html><html lang="zh-Hant-TW"><head><meta charset="utf-8"><title>{escape(title)} - 嵐文公文</title>'
        f"<style>{STYLE}</style></head><body><header><b>嵐文公文</b><span>青嵐縣政府公文管理系統</span>{who}</header>"
        f"<main><h1>{escape(title)}</h1>{body}</main><footer>虛構機關，僅供演訓</footer></body></html>"
    )


def login(notice=""):
    text = f'<p class="notice">{escape(notice)}</p>' if notice else ""
    return frame(
        "系統登入",
        text + '<form method="post" action="/login"><label for="login">帳號</label><input id="login" name="login" required>'
        '<label for="password">密碼</label><input id="password" name="password" type="password" required>'
        "<p><button>登入</button></p></form><p>憑證登入於演練期間停用。介接帳號請用 HTTP Basic。</p>",
    )


def listing(rows, user):
    lines = []
    for number, speed, secrecy, subject, unit, received, _ in rows:
        fast = f'<span class="top">{speed}</span>' if speed == "最速件" else speed
        seal = f'<span class="secret">{secrecy}</span>' if secrecy != "普通" else secrecy
        lines.append(
            f'<tr><td><a href="/documents/{number}">{number}</a></td><td>{fast}</td><td>{seal}</td>'
            f"<td>{escape(subject)}</td><td>{escape(unit)}</td><td>{received}</td></tr>"
        )
    return frame(
        "收文匣",
        '<ul class="tabs"><li aria-current="page">主辦</li><li>受會</li><li>決行</li></ul>'
        "<table><thead><tr><th>文號</th><th>速別</th><th>密等</th><th>主旨</th><th>承辦單位</th><th>收文日期</th></tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>",
        user,
    )


def document(row, text, user):
    number, speed, secrecy, subject, unit, received, _ = row
    return frame(
        f"公文 {number}",
        f"<table><tbody><tr><th>速別</th><td>{speed}</td><th>密等</th><td>{secrecy}</td></tr>"
        f"<tr><th>承辦單位</th><td>{escape(unit)}</td><th>收文日期</th><td>{received}</td></tr>"
        f'<tr><th>主旨</th><td colspan="3">{escape(subject)}</td></tr></tbody></table><pre>{escape(text)}</pre>'
        '<p><a href="/documents">回收文匣</a></p>',
        user,
    )
