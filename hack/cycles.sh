#!/usr/bin/env bash
# cycles.sh: fails when modules of one crate import each other in a circle.
#
# An edge is a path from the crate's root (`crate::…`, `super::…`) in a module, outside
# #[cfg(test)]. Edges between a module and its own ancestors or descendants do not count: they are
# one unit.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

has perl || fail "perl is missing: install it (Debian package: perl) and try again"
git ls-files '*.rs' | grep -E '(^|/)src/' | perl -e '
  use strict; use warnings;
  my (%files, %test_only);
  while (my $path = <STDIN>) {
    chomp $path;
    my ($crate, $inner) = $path =~ m{^(.*?/?)src/(.*)\.rs$} or next;
    next if $inner =~ m{^bin/};
    $inner =~ s{(^|/)(mod|lib|main)$}{};
    open my $file, "<", $path or next; local $/; my $text = <$file>; close $file;
    $files{$crate}{join "::", split m{/}, $inner} .= $text;
  }

  sub code {    # without comments and test modules
    my ($text) = @_;
    $text =~ s{//[^\n]*}{}g;
    my @test_files;
    while ($text =~ s/#\[cfg\((?:test|all\(test\b[^\]]*|any\(test\b[^\]]*)\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;//) { push @test_files, $1 }
    $text =~ s/#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))?\s+)?mod\s+\w+\s*(\{(?:[^{}]++|(?1))*\})//g;
    $text =~ s/#\[cfg\(test\)\]\s*(?:pub(?:\([^)]*\))?\s+)?use\s[^;]*;//g;
    return ($text, @test_files);
  }

  sub expand {  # a::{b, c::{d}} -> a::b, a::c::d
    my ($path) = @_; $path =~ s/\s+as\s+\w+//g; $path =~ s/\s+//g;
    return ($path) unless $path =~ /^(.*?)\{(.*)\}$/s;
    my ($prefix, $inner, $depth, $part, @parts) = ($1, $2, 0, "");
    for my $char (split //, $inner) {
      if ($char eq "," && !$depth) { push @parts, $part; $part = ""; next }
      $depth++ if $char eq "{"; $depth-- if $char eq "}"; $part .= $char;
    }
    push @parts, $part;
    return map { expand($prefix . $_) } grep { length } @parts;
  }

  my $bad = 0;
  for my $crate (sort keys %files) {
    my $modules = $files{$crate};
    my (%code, %skip);
    for my $module (keys %$modules) {
      my ($text, @tests) = code($modules->{$module});
      $code{$module} = $text;
      $skip{length $module ? "$module\::$_" : $_} = 1 for @tests;
    }
    my %edges;
    for my $module (sort keys %code) {
      next if grep { $module eq $_ || index($module, "$_\::") == 0 } keys %skip;
      my $text = $code{$module};
      my @paths;
      push @paths, expand($1) while $text =~ s/\buse\s+((?:crate|super|self)\b[^;]*);//;
      push @paths, $1 while $text =~ /\b((?:crate|super)(?:::\w+)+)/g;
      for my $path (@paths) {
        my @at = split /::/, $module; my @parts = split /::/, $path; my $first = shift @parts;
        if ($first eq "crate") { @at = () } elsif ($first eq "super") { pop @at }
        while (@parts && $parts[0] eq "super") { shift @parts; pop @at }
        my @full = (@at, @parts);
        pop @full while @full && !exists $modules->{join "::", @full};
        my $target = join "::", @full;
        next if $target eq $module || !length $target || index($module, "$target\::") == 0 || index($target, "$module\::") == 0 || !length $module;
        $edges{$module}{$target} = 1;
      }
    }
    # Tarjan: strongly connected components of more than one module.
    my ($counter, %index, %low, %on, @stack); $counter = 0;
    my $visit; $visit = sub {
      my ($v) = @_; $index{$v} = $low{$v} = $counter++; push @stack, $v; $on{$v} = 1;
      for my $w (sort keys %{ $edges{$v} || {} }) {
        if (!exists $index{$w}) { $visit->($w); $low{$v} = $low{$w} if $low{$w} < $low{$v} }
        elsif ($on{$w}) { $low{$v} = $index{$w} if $index{$w} < $low{$v} }
      }
      return if $low{$v} != $index{$v};
      my @part; while (1) { my $w = pop @stack; $on{$w} = 0; push @part, $w; last if $w eq $v }
      return if @part < 2;
      my %in = map { $_ => 1 } @part; $bad++;
      print "${crate}src: import cycle\n";
      for my $m (sort @part) { print "  $m -> $_\n" for grep { $in{$_} } sort keys %{ $edges{$m} } }
    };
    for my $m (sort keys %edges) { $visit->($m) unless exists $index{$m} }
  }
  exit($bad ? 1 : 0);
' || fail "break the import cycles above: move what both sides need to a module that uses neither"
