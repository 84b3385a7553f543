<?php
// The host asked for chooses the way of serving media; names between at signs are filled in as in nginx.conf.
// By itself it answers as plain.php.example, in FPM behind nginx as fpm-plain.nginx.example, and so on.
$file = '@scratch@/files/media/' . basename(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
$types = ['jpg' => 'image/jpeg', 'wav' => 'audio/wav', 'vcf' => 'text/vcard', 'ics' => 'text/calendar',
    'pkpass' => 'application/vnd.apple.pkpass'];
if (!is_file($file)) {
    exit('ready');
}
if (dirname($_SERVER['REQUEST_URI']) === '/') {
    header('Location: http://' . $_SERVER['HTTP_HOST'] . '/media' . $_SERVER['REQUEST_URI']);
    exit;
}
$way = preg_replace('/^(?:fpm-)?([a-z]+).*/', '$1', $_SERVER['HTTP_HOST']);
if ($way !== 'untyped') {
    header('Content-Type: ' . ($types[pathinfo($file, PATHINFO_EXTENSION)] ?? 'application/octet-stream'));
}
if ($way === 'plain') {
    @plain@
} elseif ($way === 'gzip') {
    @gzip@
} elseif ($way === 'untyped') {
    @untyped@
    header('Content-Length: ' . filesize($file));
    readfile($file);
} else {
    header('Content-Length: ' . filesize($file));
    readfile($file);
}
