<?php
// One connection for a page. The account is the one PHP runs under; MariaDB knows it by the local socket.
declare(strict_types=1);

mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

function db(): mysqli
{
    static $link = null;
    if ($link === null) {
        $link = new mysqli('localhost', 'www-data', '', 'portal', 0, '/run/mysqld/mysqld.sock');
        $link->set_charset('utf8mb4');
    }
    return $link;
}
