<?php
declare(strict_types=1);
require_once 'page.php';

$services = [
    'tax' => ['稅單查繳', '地方稅務局', '房屋稅、地價稅與使用牌照稅查詢及繳納。逾期未繳請洽各分局。'],
    'land' => ['地政謄本', '地政處', '土地及建物登記謄本線上申請，地號查詢。'],
    'household' => ['戶政預約', '民政處', '預約取號、申辦進度查詢。'],
    'library' => ['圖書館藏', '文化局', '館藏查詢、預約與續借，每證可借 10 冊 28 天。'],
    'care' => ['長照服務', '社會處', '巷弄長照站、交通接送與居家服務申請。'],
    'labour' => ['就業媒合', '勞工處', '徵才訊息與職業訓練課程。'],
    'doc' => ['公文交換', '數位發展處', '機關間公文電子交換由嵐文公文系統辦理，不對外開放。'],
];

page_head('業務專區', 'services');
foreach ($services as $key => [$name, $unit, $text]) {
    echo '<section id="', h($key), '"><h2>', h($name), '</h2><p>', h($text), '</p><p class="unit">主辦單位：', h($unit), '</p></section>';
}
page_foot();
