<?php
declare(strict_types=1);
require_once 'page.php';

page_head('認識青嵐', 'about');
?>
<p class="lead">青嵐縣轄一市、二鎮、三鄉：嵐北市、望潮鎮、石燈鎮、嵐山鄉、雲階鄉與白沙嶼鄉。</p>
<table>
<caption>鄉鎮市概況</caption>
<thead><tr><th scope="col">鄉鎮市</th><th scope="col">特色</th></tr></thead>
<tbody>
<tr><th scope="row">嵐北市</th><td>縣治所在，縣府、地方稅務局與縣立圖書館位於此。</td></tr>
<tr><th scope="row">望潮鎮</th><td>漁港與河堤步道。</td></tr>
<tr><th scope="row">石燈鎮</th><td>高麗菜與茶。</td></tr>
<tr><th scope="row">嵐山鄉</th><td>山區偏遠地區，長照據點三處。</td></tr>
<tr><th scope="row">雲階鄉</th><td>部落文化祭。</td></tr>
<tr><th scope="row">白沙嶼鄉</th><td>離島，交通船每日往返。</td></tr>
</tbody>
</table>
<h2 id="privacy">隱私權及資訊安全宣告</h2>
<p>本網站僅蒐集處理民意信箱所需之最少資料，保存至案件結束。</p>
<?php page_foot();
