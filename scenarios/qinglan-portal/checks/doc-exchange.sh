# Does the document system store and give back? Runs in `www`, with the portal's own service account. 0 up, 1 down, anything else unknown.
set -u
ini=/srv/portal/private/doc.ini

[ -r "$ini" ] || { echo "$ini cannot be read"; exit 3; }
value() { sed -nE "s/^$1 *= *(.*)\$/\1/p" "$ini" | tr -d '\r' | head -n 1; }
url=$(value url) user=$(value user) password=$(value password)
[ -n "$url" ] && [ -n "$user" ] && [ -n "$password" ] || { echo "$ini is incomplete"; exit 3; }

# The password goes in by standard input, never by the command line, which every account on this host can read.
ask() { printf 'user = "%s:%s"\n' "$user" "$password" | curl -sS -m 5 -K - "$@" 2>&1; }

text="交換 $(date +%s%N) $RANDOM$RANDOM"
answer=$(ask -w '\n%{http_code}' -H 'Content-Type: text/plain; charset=utf-8' --data-raw "$text" "$url/exchange") || { echo "curl: ${answer//$'\n'/ }"; exit 1; }
code=${answer##*$'\n'}
[ "$code" = 201 ] || { echo "storing: HTTP $code"; exit 1; }
id=$(sed -nE 's/.*"id": *"([0-9a-f]{16})".*/\1/p' <<<"$answer")
[ -n "$id" ] || { echo "storing gave no id"; exit 1; }
back=$(ask "$url/exchange/$id") || { echo "curl: ${back//$'\n'/ }"; exit 1; }
[ "$back" = "$text" ] || { echo "message $id came back changed"; exit 1; }
echo "message $id stored and read back"
