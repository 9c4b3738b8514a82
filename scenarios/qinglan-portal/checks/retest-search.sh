# The attack on the search, as the platform plays it. Runs in `citizens`.
# 0: the attack still works. 1: every variant failed and the search answers. Anything else: unknown (the site is down, for one).
# The agent tells the platform which records are its own.
# Several variants, so that filtering one word is no repair; the proof is always a value that the request does not contain.
set -u
site=http://www.qinglan.test

command -v curl >/dev/null || exit 3
search() { curl -s -m 4 -A rampart-retest --get --data-urlencode "q=$1" "$site/search.php"; }
finds() { grep -q 'href="/news.php?id=107"' <<<"$1"; }

# Without an answer to a harmless word nothing can be said.
plain=$(search 停水) || { echo "the search does not answer"; exit 2; }
finds "$plain" || { echo "the search does not work, so the retest says nothing"; exit 2; }

works() { echo "the attack works: $1"; exit 0; }
answered=0

a=$((RANDOM + 1000)) b=$((RANDOM + 1000))
product=$((a * b))

# 1: another table's rows by UNION, in three spellings.
for gap in ' ' '/**/' $'\n'; do
  for union in "union${gap}select" "uNiOn${gap}aLL${gap}sElEcT"; do
    page=$(search "zzqx'${gap}${union}${gap}1,concat('v',$a*$b,'v'),3,4${gap}from${gap}staff#") || continue
    answered=$((answered + 1))
    grep -q "v${product}v" <<<"$page" && works "UNION gives a computed value"
  done
done

# 2: yes or no. A true and a false condition must look alike on a safe page.
for pair in "停水%' and '1'='1' or 'zz' like 'y|停水%' and '1'='2' or 'zz' like 'y" "停水%'/**/&&/**/'1'/**/like/**/'1|停水%'/**/&&/**/'1'/**/like/**/'2"; do
  yes=$(search "${pair%%|*}") || continue
  no=$(search "${pair##*|}") || continue
  answered=$((answered + 2))
  if finds "$yes" && ! finds "$no"; then works "a condition decides the answer"; fi
done

# 3: a computed value in the database's error text.
page=$(search "' and extractvalue(1,concat(0x7e,$a*$b)) and '") && {
  answered=$((answered + 1))
  grep -q "~${product}" <<<"$page" && works "an error gives a computed value"
}

[ "$answered" -ge 9 ] || { echo "only $answered of 11 tries were answered"; exit 2; }
echo "all variants failed"
exit 1
