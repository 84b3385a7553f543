<?php
// The host asked for chooses the way of serving media; names between at signs are filled in as in nginx.conf.
$file = '@scratch@/files/media/' . basename(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
$types = ['jpg' => 'image/jpeg', 'wav' => 'audio/wav', 'vcf' => 'text/vcard', 'ics' => 'text/calendar',
    'pkpass' => 'application/vnd.apple.pkpass'];
if (!is_file($file)) {
    exit('ready');
}
$host = explode(':', $_SERVER['HTTP_HOST'])[0];
if ($host !== 'untyped.php.example') {
    header('Content-Type: ' . ($types[pathinfo($file, PATHINFO_EXTENSION)] ?? 'application/octet-stream'));
}
if ($host === 'plain.php.example') {
    @plain.php.example@
} elseif ($host === 'gzip.php.example') {
    @gzip.php.example@
} elseif ($host === 'untyped.php.example') {
    @untyped.php.example@
    header('Content-Length: ' . filesize($file));
    readfile($file);
} else {
    header('Content-Length: ' . filesize($file));
    readfile($file);
}
