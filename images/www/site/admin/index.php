<?php
// Back office: log in, then put files beside the news.
declare(strict_types=1);
require_once 'page.php';

const UPLOADS = '/srv/portal/www/uploads';
const TYPES = ['application/pdf', 'image/png', 'image/jpeg', 'application/vnd.oasis.opendocument.text'];

session_start();
$notice = '';

if (isset($_POST['logout'])) {
    session_destroy();
    header('Location: /admin/');
    exit;
}

if (isset($_POST['login'], $_POST['password']) && is_string($_POST['login']) && is_string($_POST['password'])) {
    $query = db()->prepare('SELECT login, name, password FROM staff WHERE login = ?');
    $query->bind_param('s', $_POST['login']);
    $query->execute();
    $row = $query->get_result()->fetch_assoc();
    if ($row && $row['password'] !== '' && hash_equals($row['password'], $_POST['password'])) {
        session_regenerate_id(true);
        $_SESSION['login'] = $row['login'];
        $_SESSION['name'] = $row['name'];
        header('Location: /admin/');
        exit;
    }
    http_response_code(403);
    $notice = '帳號或密碼錯誤。';
    error_log('portal: back office: log-in refused');
}

if (!isset($_SESSION['login'])) {
    page_head('後台管理系統');
    if ($notice !== '') {
        echo '<p class="notice">', h($notice), '</p>';
    }
    ?>
<form method="post" class="stack">
<label for="login">帳號</label><input id="login" name="login" autocomplete="username" required>
<label for="password">密碼</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button>登入</button>
</form>
<p>忘記密碼請洽數位發展處分機 9001。</p>
<?php
    page_foot();
    exit;
}

if (isset($_FILES['file']) && is_string($_FILES['file']['name'])) {
    $file = $_FILES['file'];
    $name = basename($file['name']);
    $news = (int) ($_POST['news'] ?? 0) ?: null;
    if ($file['error'] !== UPLOAD_ERR_OK || $name === '' || $name[0] === '.' || strlen($name) > 150) {
        http_response_code(400);
        $notice = '上傳失敗，請確認檔名與大小（2 MB 以內）。';
    } elseif (!in_array($file['type'], TYPES, true)) {
        http_response_code(415);
        $notice = '不接受的檔案類型：' . $file['type'];
    } elseif (!move_uploaded_file($file['tmp_name'], UPLOADS . '/' . $name)) {
        http_response_code(500);
        $notice = '檔案無法儲存。';
    } else {
        $query = db()->prepare('INSERT INTO attachments (news_id, file, type, bytes) VALUES (?, ?, ?, ?)');
        $query->bind_param('issi', $news, $name, $file['type'], $file['size']);
        $query->execute();
        $notice = '已上傳：/uploads/' . $name;
    }
}

$files = db()->query('SELECT file, type, bytes, uploaded FROM attachments ORDER BY id DESC LIMIT 30')->fetch_all(MYSQLI_ASSOC);
$news = db()->query('SELECT id, title FROM news ORDER BY published DESC')->fetch_all(MYSQLI_ASSOC);
page_head('後台管理系統');
?>
<form method="post" class="inline"><span>登入者：<?= h($_SESSION['name']) ?></span> <button name="logout" value="1">登出</button></form>
<?php if ($notice !== ''): ?><p class="notice"><?= h($notice) ?></p><?php endif ?>
<h2>上傳附件</h2>
<form method="post" enctype="multipart/form-data" class="stack">
<label for="news">所屬消息</label>
<select id="news" name="news"><option value="0">（不指定）</option><?php foreach ($news as $item): ?><option value="<?= h((string) $item['id']) ?>"><?= h($item['title']) ?></option><?php endforeach ?></select>
<label for="file">檔案（PDF、ODT、PNG、JPEG）</label><input id="file" name="file" type="file" required>
<button>上傳</button>
</form>
<h2>最近上傳</h2>
<table><thead><tr><th scope="col">檔名</th><th scope="col">類型</th><th scope="col">大小</th><th scope="col">時間</th></tr></thead><tbody>
<?php foreach ($files as $row): ?>
<tr><td><a href="/uploads/<?= h(rawurlencode($row['file'])) ?>"><?= h($row['file']) ?></a></td><td><?= h($row['type']) ?></td><td><?= number_format((int) $row['bytes']) ?></td><td><?= h($row['uploaded']) ?></td></tr>
<?php endforeach ?>
</tbody></table>
<?php page_foot();
