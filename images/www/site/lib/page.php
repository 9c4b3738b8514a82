<?php
// The frame of every page: head, navigation, foot. All text that comes from outside goes through h().
declare(strict_types=1);

require_once 'db.php';

function h(?string $text): string
{
    return htmlspecialchars((string) $text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
}

/** 2026-11-02 becomes 115-11-02; anything else stays as it is. */
function roc_date(?string $date): string
{
    if (preg_match('/^(\d{4})-(\d\d)-(\d\d)/', (string) $date, $part)) {
        return ((int) $part[1] - 1911) . '-' . $part[2] . '-' . $part[3];
    }
    return (string) $date;
}

/** A parameter of the address as text; a list or nothing gives ''. */
function param(string $name): string
{
    $value = $_GET[$name] ?? '';
    return is_string($value) ? $value : '';
}

set_exception_handler(function (Throwable $fault): void {
    error_log('portal: ' . $fault->getMessage());
    if (!headers_sent()) {
        http_response_code(503);
    }
    echo '<p class="notice">系統忙碌中，請稍後再試。</p>';
});

function page_head(string $title, string $here = ''): void
{
    header('Content-Type: text/html; charset=utf-8');
    $links = [
        'news' => ['/news.php', '最新消息'],
        'notice' => ['/news.php?category=' . rawurlencode('公告'), '公告'],
        'services' => ['/services.php', '業務專區'],
        'about' => ['/about.php', '認識青嵐'],
        'contact' => ['/contact.php', '民意信箱'],
    ];
    ?><!doctype html>
<html lang="zh-Hant-TW">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title><?= h($title) ?> - 青嵐縣政府全球資訊網</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="/seal.svg" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#main">跳到主要內容區塊</a>
<header>
  <div class="bar"><div class="wrap">
    <a href="#top" accesskey="U" title="上方功能區塊" id="top">:::</a>
    <a href="/">回首頁</a><a href="/sitemap.php">網站導覽</a><a href="/contact.php">民意信箱</a><span lang="en">English</span>
  </div></div>
  <div class="wrap brand">
    <a href="/" class="logo"><img src="/seal.svg" width="56" height="56" alt=""><span><strong>青嵐縣政府</strong><small>全球資訊網</small></span></a>
    <form action="/search.php" method="get" role="search">
      <label for="q">全站搜尋</label>
      <input id="q" name="q" type="search" value="<?= h(basename($_SERVER['SCRIPT_NAME']) === 'search.php' ? param('q') : '') ?>" placeholder="請輸入關鍵字">
      <button>搜尋</button>
    </form>
  </div>
  <nav aria-label="主選單"><ul class="wrap">
<?php foreach ($links as $key => [$address, $text]): ?>
    <li><a href="<?= h($address) ?>"<?= $key === $here ? ' aria-current="page"' : '' ?>><?= h($text) ?></a></li>
<?php endforeach ?>
  </ul></nav>
</header>
<main id="main" class="wrap">
<a class="mark" href="#main" accesskey="C" title="中央內容區塊">:::</a>
<h1><?= h($title) ?></h1>
<?php
}

function page_foot(): void
{
    $updated = db()->query('SELECT MAX(published) FROM news')->fetch_row()[0];
    $visits = db()->query("SELECT visits FROM counter WHERE name = 'home'")->fetch_row()[0];
    ?>
</main>
<footer><div class="wrap">
  <a class="mark" href="#foot" accesskey="Z" title="下方功能區塊" id="foot">:::</a>
  <p>青嵐縣政府　嵐北市府前路 1 號　總機 (0X) 0000-0000　服務時間：週一至週五 8:00-17:00</p>
  <p>更新日期：<?= h(roc_date($updated)) ?>　瀏覽人次：<?= number_format((int) $visits) ?>　<a href="/about.php#privacy">隱私權及資訊安全宣告</a></p>
  <p class="fiction">虛構機關，僅供演訓</p>
</div></footer>
</body>
</html>
<?php
}

/** A list of news as a table. Rows: id, title, summary, published (text). */
function news_list(array $rows): void
{
    if ($rows === []) {
        echo '<p class="notice">查無資料。</p>';
        return;
    }
    echo '<ul class="news">';
    foreach ($rows as $row) {
        echo '<li><time>', h(roc_date($row['published'])), '</time> <a href="/news.php?id=', h((string) $row['id']), '">',
            h($row['title']), '</a><p>', h($row['summary']), '</p></li>';
    }
    echo '</ul>';
}
