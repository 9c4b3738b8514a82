CREATE DATABASE portal CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE portal.news (
  id        INT UNSIGNED NOT NULL PRIMARY KEY,
  category  VARCHAR(20)  NOT NULL,
  unit      VARCHAR(40)  NOT NULL,
  title     VARCHAR(200) NOT NULL,
  summary   VARCHAR(400) NOT NULL,
  body      TEXT         NOT NULL,
  published DATE         NOT NULL,
  KEY by_date (published)
) ENGINE=InnoDB;

-- Passwords stand here in clear: that is one of the portal's faults. An empty password lets nobody in.
CREATE TABLE portal.staff (
  id       INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  login    VARCHAR(40)  NOT NULL UNIQUE,
  name     VARCHAR(40)  NOT NULL,
  unit     VARCHAR(40)  NOT NULL,
  password VARCHAR(200) NOT NULL DEFAULT '',
  note     VARCHAR(400) NOT NULL DEFAULT ''
) ENGINE=InnoDB;

CREATE TABLE portal.attachments (
  id       INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  news_id  INT UNSIGNED NULL,
  file     VARCHAR(160) NOT NULL,
  type     VARCHAR(100) NOT NULL,
  bytes    INT UNSIGNED NOT NULL,
  uploaded DATETIME     NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE=InnoDB;

CREATE TABLE portal.messages (
  id      INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  code    CHAR(12)     NOT NULL UNIQUE,
  name    VARCHAR(60)  NOT NULL,
  mail    VARCHAR(120) NOT NULL,
  subject VARCHAR(200) NOT NULL,
  body    TEXT         NOT NULL,
  sent    DATETIME     NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE=InnoDB;

CREATE TABLE portal.counter ( name VARCHAR(20) NOT NULL PRIMARY KEY, visits BIGINT UNSIGNED NOT NULL ) ENGINE=InnoDB;

-- The site logs in by the local socket as the account it runs under: no password to plant, none to leak.
CREATE USER 'www-data'@'localhost' IDENTIFIED VIA unix_socket;
GRANT SELECT ON portal.* TO 'www-data'@'localhost';
GRANT INSERT ON portal.messages TO 'www-data'@'localhost';
GRANT INSERT ON portal.attachments TO 'www-data'@'localhost';
GRANT UPDATE ON portal.counter TO 'www-data'@'localhost';
