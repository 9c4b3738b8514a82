# One harmless visit, each time a little different. Runs in `citizens`.
set -u
site=http://www.qinglan.test

agents=(
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'
  'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36'
)
agent=${agents[RANDOM % ${#agents[@]}]}
get() { curl -sS -o /dev/null -m 6 -A "$agent" "$@"; }
search() { get --get --data-urlencode "q=$1" "$site/search.php"; }

words=(停水 垃圾 流感疫苗 圖書館 高麗菜 交通船 房屋稅 文化祭 長照 約聘 路燈 補助 育兒津貼 'ODF 文件' 'A1 路線' select 工會union '第二階段 預約')
case $((RANDOM % 8)) in
  0) get "$site/" && get "$site/style.css" && get "$site/seal.svg" ;;
  1) get "$site/" && get "$site/news.php" ;;
  2 | 3) get "$site/news.php?id=$((101 + RANDOM % 14))" ;;
  4 | 5) search "${words[RANDOM % ${#words[@]}]}" ;;
  6) search "${words[RANDOM % ${#words[@]}]}" && get "$site/news.php?id=$((101 + RANDOM % 14))" ;;
  7)
    pages=(services.php about.php contact.php sitemap.php 'news.php?category=%E5%85%AC%E5%91%8A')
    get "$site/${pages[RANDOM % ${#pages[@]}]}"
    ;;
esac
