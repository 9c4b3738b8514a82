# Is the portal's search up? Runs in `citizens`. 0 up, 1 down, anything else unknown.
# A word is drawn each time and the right article must be found, the wrong one not: a page that always shows the same is not up.
set -u
site=http://www.qinglan.test

words=(   停水  高麗菜 警報器 交通船 約聘   稅籍 )
articles=( 107   108    112    110    111    105 )
pick=$((RANDOM % ${#words[@]}))
other=$(((pick + 1) % ${#words[@]}))

command -v curl >/dev/null || exit 3

page=$(curl -sS -m 6 -w '\n%{http_code}' --get --data-urlencode "q=${words[pick]}" "$site/search.php" 2>&1)
status=$?
case $status in
  0) ;;
  6) echo "the name www.qinglan.test is not known"; exit 1 ;;
  *) echo "curl: ${page//$'\n'/ }"; exit 1 ;;
esac
code=${page##*$'\n'}
if [ "$code" != 200 ]; then echo "search for ${words[pick]}: HTTP $code"; exit 1; fi
if ! grep -q "href=\"/news.php?id=${articles[pick]}\"" <<<"$page"; then echo "search for ${words[pick]} does not find article ${articles[pick]}"; exit 1; fi
if grep -q "href=\"/news.php?id=${articles[other]}\"" <<<"$page"; then echo "search for ${words[pick]} finds article ${articles[other]} too"; exit 1; fi

text=$(curl -sS -m 6 "$site/news.php?id=${articles[pick]}" 2>&1) || { echo "curl: $text"; exit 1; }
if ! grep -q "${words[pick]}" <<<"$text"; then echo "article ${articles[pick]} has lost its text"; exit 1; fi
echo "found article ${articles[pick]} by ${words[pick]}"
