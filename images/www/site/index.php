<?php
declare(strict_types=1);
require_once 'page.php';

$news = db()->query('SELECT id, title, summary, published FROM news ORDER BY published DESC, id DESC LIMIT 6')->fetch_all(MYSQLI_ASSOC);
// Only the counter of the page foot is written here; a full disk must not take the page down.
try {
    db()->query("UPDATE counter SET visits = visits + 1 WHERE name = 'home'");
} catch (mysqli_sql_exception $fault) {
    error_log('portal: ' . $fault->getMessage());
}

page_head('歡迎光臨青嵐縣');
?>
<p class="lead">山在嵐中，海在望中。這裡是青嵐縣政府的入口網：最新消息、公告與線上服務，一站查詢。</p>
<section aria-labelledby="latest"><h2 id="latest">最新消息</h2>
<?php news_list($news) ?>
<p><a class="more" href="/news.php">更多消息</a></p>
</section>
<section aria-labelledby="quick"><h2 id="quick">業務專區</h2>
<ul class="tiles">
  <li><a href="/services.php#tax">稅單查繳</a></li>
  <li><a href="/services.php#land">地政謄本</a></li>
  <li><a href="/services.php#household">戶政預約</a></li>
  <li><a href="/services.php#library">圖書館藏</a></li>
  <li><a href="/services.php#care">長照服務</a></li>
  <li><a href="/contact.php">民意信箱</a></li>
</ul></section>
<?php page_foot();
