<?php
declare(strict_types=1);
require_once 'page.php';

$id = param('id');
if ($id !== '') {
    $query = db()->prepare('SELECT id, category, unit, title, body, published FROM news WHERE id = ?');
    $number = (int) $id;
    $query->bind_param('i', $number);
    $query->execute();
    $item = $query->get_result()->fetch_assoc();
    if (!$item) {
        http_response_code(404);
        page_head('查無此消息', 'news');
        echo '<p class="notice">您要找的消息不存在或已下架。</p>';
        page_foot();
        exit;
    }
    $query = db()->prepare('SELECT file, bytes FROM attachments WHERE news_id = ? ORDER BY id');
    $query->bind_param('i', $number);
    $query->execute();
    $files = $query->get_result()->fetch_all(MYSQLI_ASSOC);

    page_head($item['title'], $item['category'] === '公告' ? 'notice' : 'news');
    echo '<dl class="meta"><dt>發布日期</dt><dd>', h(roc_date($item['published'])), '</dd><dt>發布單位</dt><dd>', h($item['unit']),
        '</dd><dt>分類</dt><dd>', h($item['category']), '</dd></dl>';
    echo '<article><p>', nl2br(h($item['body'])), '</p></article>';
    if ($files) {
        echo '<h2>附件</h2><ul>';
        foreach ($files as $file) {
            echo '<li><a href="/uploads/', h(rawurlencode($file['file'])), '">', h($file['file']), '</a>（', number_format((int) $file['bytes']), ' 位元組）</li>';
        }
        echo '</ul>';
    }
    echo '<p><a class="more" href="/news.php">回列表</a></p>';
    page_foot();
    exit;
}

$category = param('category');
$known = in_array($category, ['最新消息', '公告'], true);
$query = db()->prepare('SELECT id, title, summary, published FROM news WHERE ? = "" OR category = ? ORDER BY published DESC, id DESC LIMIT 50');
$wanted = $known ? $category : '';
$query->bind_param('ss', $wanted, $wanted);
$query->execute();

page_head($known ? $category : '最新消息', $category === '公告' ? 'notice' : 'news');
news_list($query->get_result()->fetch_all(MYSQLI_ASSOC));
page_foot();
