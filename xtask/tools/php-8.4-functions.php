<?php
// What PHP 8.4 has and the current Composer uses. Debian's package of it has no other code for
// older ones.

if (!function_exists('array_find')) {
    function array_find(array $array, callable $callback): mixed
    {
        foreach ($array as $key => $value) {
            if ($callback($value, $key)) {
                return $value;
            }
        }
        return null;
    }

    function array_any(array $array, callable $callback): bool
    {
        foreach ($array as $key => $value) {
            if ($callback($value, $key)) {
                return true;
            }
        }
        return false;
    }

    function array_all(array $array, callable $callback): bool
    {
        return !array_any($array, static fn ($value, $key) => !$callback($value, $key));
    }
}
