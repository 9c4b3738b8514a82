<?php
declare(strict_types=1);
require_once 'page.php';

$q = param('q');
$rows = [];
$fault = '';
if ($q !== '') {
    try {
        $rows = db()->query("SELECT id, title, summary, published FROM news WHERE title LIKE '%$q%' OR body LIKE '%$q%' ORDER BY published DESC LIMIT 50")->fetch_all(MYSQLI_ASSOC);
    } catch (mysqli_sql_exception $error) {
        $fault = $error->getMessage();
        error_log('portal: search: ' . $fault);
        http_response_code(500);
    }
}

page_head('全站搜尋');
if ($fault !== '') {
    echo '<p class="notice">查詢發生錯誤：', h($fault), '</p>';
} elseif ($q === '') {
    echo '<p class="lead">請在右上方輸入關鍵字。</p>';
} else {
    echo '<p>「', h($q), '」共 ', count($rows), ' 筆結果：</p>';
    news_list($rows);
}
page_foot();
