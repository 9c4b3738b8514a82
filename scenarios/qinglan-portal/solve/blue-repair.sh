# Repairs the search from the watch desk: the query becomes a prepared statement. Run as blue, or paste after `export OPS_PASSWORD=…`.
#   bash blue-repair.sh PASSWORD-OF-OPS
(
  set -u
  export SSHPASS="${1-${OPS_PASSWORD-}}"
  [ -n "$SSHPASS" ] || { echo "blue: the password of ops is wanted (argument or OPS_PASSWORD)" >&2; exit 2; }
  sshpass -e ssh -o StrictHostKeyChecking=accept-new -o ConnectTimeout=10 ops@www.qinglan.test 'bash -s' <<'REMOTE'
set -eu
cd /srv/portal/www
cp -p search.php /tmp/search.php.before
python3 - <<'PY'
path = "/srv/portal/www/search.php"
text = open(path, encoding="utf-8").read()
lines = text.split("\n")
at = [i for i, line in enumerate(lines) if "LIKE '%$q%'" in line]
if len(at) != 1:
    raise SystemExit("blue: the injectable query is not there (repaired already?)")
lines[at[0]] = """        $query = db()->prepare("SELECT id, title, summary, published FROM news WHERE title LIKE CONCAT('%', ?, '%') OR body LIKE CONCAT('%', ?, '%') ORDER BY published DESC LIMIT 50");
        $query->bind_param('ss', $q, $q);
        $query->execute();
        $rows = $query->get_result()->fetch_all(MYSQLI_ASSOC);"""
open(path, "w", encoding="utf-8").write("\n".join(lines))
PY
echo "REPAIRED search.php"
REMOTE
)
