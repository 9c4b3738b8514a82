<?php
declare(strict_types=1);
require_once 'page.php';

page_head('網站導覽');
?>
<p>本網站依無障礙網頁設計原則建置，主要內容分為上方功能區塊、中央內容區塊與下方功能區塊。快速鍵：Alt+U 上方、Alt+C 中央、Alt+Z 下方。</p>
<ol>
<li><a href="/news.php">最新消息</a></li>
<li><a href="/news.php?category=<?= rawurlencode('公告') ?>">公告</a></li>
<li><a href="/services.php">業務專區</a></li>
<li><a href="/about.php">認識青嵐</a></li>
<li><a href="/contact.php">民意信箱</a></li>
<li><a href="/search.php">全站搜尋</a></li>
</ol>
<?php page_foot();
