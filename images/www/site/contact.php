<?php
declare(strict_types=1);
require_once 'page.php';

$faults = [];
$code = '';
$field = fn(string $name): string => is_string($_POST[$name] ?? null) ? trim($_POST[$name]) : '';

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    [$name, $mail, $subject, $body] = [$field('name'), $field('mail'), $field('subject'), $field('body')];
    if ($name === '' || mb_length($name) > 60) { $faults[] = '請填寫姓名（60 字以內）。'; }
    if (!filter_var($mail, FILTER_VALIDATE_EMAIL) || strlen($mail) > 120) { $faults[] = '請填寫正確的電子信箱。'; }
    if (mb_length($subject) < 6 || mb_length($subject) > 200) { $faults[] = '主旨須為 6 至 200 字。'; }
    if ($body === '' || mb_length($body) > 600) { $faults[] = '請填寫內容（600 字以內）。'; }
    if ($faults === []) {
        $code = (date('Y') - 1911) . date('md') . str_pad((string) random_int(0, 99999), 5, '0', STR_PAD_LEFT);
        $query = db()->prepare('INSERT INTO messages (code, name, mail, subject, body) VALUES (?, ?, ?, ?, ?)');
        $query->bind_param('sssss', $code, $name, $mail, $subject, $body);
        $query->execute();
    }
}

/** Characters, not bytes; the mbstring extension is not installed. */
function mb_length(string $text): int
{
    return (int) preg_match_all('/./us', $text);
}

page_head('民意信箱', 'contact');
if ($code !== '') {
    echo '<p class="notice">已收到您的意見，案件編號 <strong>', h($code), '</strong>，將於 6 個工作天內回覆。</p>';
    page_foot();
    exit;
}
foreach ($faults as $fault) {
    echo '<p class="notice">', h($fault), '</p>';
}
?>
<form method="post" class="stack">
<label for="name">姓名（必填）</label><input id="name" name="name" maxlength="60" required value="<?= h($field('name')) ?>">
<label for="mail">電子信箱（必填）</label><input id="mail" name="mail" type="email" maxlength="120" required value="<?= h($field('mail')) ?>">
<label for="subject">主旨（必填，6 至 200 字）</label><input id="subject" name="subject" maxlength="200" required value="<?= h($field('subject')) ?>">
<label for="body">內容（必填，600 字以內）</label><textarea id="body" name="body" rows="7" maxlength="600" required><?= h($field('body')) ?></textarea>
<button>送出</button>
</form>
<?php page_foot();
