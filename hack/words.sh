#!/usr/bin/env bash
# words.sh [PATH…]: checks the language of the tree, or of the given paths.
#
# Reports words and phrases that the project replaces by standard terms (CONTRIBUTING.md,
# "Language"), Rust lines and comments over 100 columns, and, without PATH, the subjects of the
# commits that came after the one that added this script. words-allow.txt lists the exceptions, each
# with its reason.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

MAX_COLUMNS=100
MAX_SUBJECT=72

# Whole words and phrases, in any case; identifiers are split at `_` and at capital letters.
# word=replacement, one per line.
banned() {
  cat <<'WORDS'
tell=report, return, name
tells=reports, returns, names
told=reported, recorded
whoever=the client, the caller
anew=again
patience=timeout
deed=operation
deeds=operations
gist=summary
gists=summaries
mend=fix
mends=fixes
mended=fixed
trouble=problem, failure, error
troubles=problems, failures, errors
made up=generated
by chance=random
put off=requeue, postpone
puts off=requeues, postpones
look again=recheck
looks again=rechecks
let go=release
lets go=releases
is over=ended
a word for=(name the term)
WORDS
}

main() {
  has perl || fail "perl is missing: install it (Debian package: perl) and try again"
  local failed=0
  files "$@" | check_files || failed=1
  if [ $# = 0 ]; then subjects | check_subjects || failed=1; fi
  [ $failed = 0 ] || fail "replace the words and wrap the lines above, or add an exception to hack/words-allow.txt"
}

# Applied migrations cannot be reworded: their checksum is part of every database.
files() {
  git ls-files -- "$@" | grep -E '\.(rs|sh|ya?ml|md|toml|proto|html|txt|tpl)$|(^|/)(Makefile|Dockerfile|run)$' |
    grep -vE '^hack/words(\.sh|-allow\.txt)$|/go\.(mod|sum)$|^LICENSE$|/\.sqlx/|\.snap$' || true # nothing matches
}

# Commit subjects after the commit that added this script. A shallow clone has what it has.
subjects() {
  local added
  added=$(git log --diff-filter=A --format=%H -- hack/words.sh | tail -n 1)
  [ -z "$added" ] || git log --no-merges --format='%h %s' "$added..HEAD"
}

check_files() {
  WORDS=$(banned) MAX=$MAX_COLUMNS perl -CSD -e '
    use utf8;
    my @rules = map { my ($words, $instead) = split /=/, $_, 2;
      my $pattern = join "(?:\\s|//[/!]?|#)+", split / /, $words;
      [qr/\b$pattern\b/i, $words, $instead] } split /\n/, $ENV{WORDS};
    my @allowed;
    if (open my $list, "<", "hack/words-allow.txt") {
      while (<$list>) { next if /^\s*(#|$)/; chomp;
        my ($path, $text) = split /\t+/; push @allowed, [qr/$path/, qr/$text/i]; }
    }
    my $bad = 0;
    while (my $path = <STDIN>) {
      chomp $path;
      open my $file, "<", $path or next;
      local $/; my $text = <$file>; close $file;
      my @lines = split /\n/, $text, -1;
      my @exceptions = map { $_->[1] } grep { $path =~ $_->[0] } @allowed;
      my $excepted = sub { my $line = $lines[$_[0]]; grep { $line =~ $_ } @exceptions };
      for my $index (0 .. $#lines) {
        my $comment = $path =~ /\.rs$/ || $lines[$index] =~ /^\s*#/;
        next if $path =~ /\.md$/ || !$comment || length($lines[$index]) <= $ENV{MAX} || $excepted->($index);
        print "$path:" . ($index + 1) . ": line of " . length($lines[$index]) . " columns, at most $ENV{MAX}\n"; $bad = 1;
      }
      # Keeps every line break, so that a match still has its line number.
      (my $split = $text) =~ s/(?<=[a-z0-9])(?=[A-Z])|_/ /g;
      for my $rule (@rules) {
        while ($split =~ /$rule->[0]/g) {
          my $index = (substr($split, 0, $-[0]) =~ tr/\n//);
          next if $excepted->($index);
          print "$path:" . ($index + 1) . ": \"$rule->[1]\": $rule->[2]\n"; $bad = 1;
        }
      }
    }
    exit $bad;
  '
}

check_subjects() {
  WORDS=$(banned) MAX=$MAX_SUBJECT perl -CSD -ne '
    BEGIN { our @words = map { (split /=/, $_, 2)[0] } split /\n/, $ENV{WORDS}; our $bad = 0 }
    chomp; my ($hash, $subject) = split / /, $_, 2;
    if (length($subject) > $ENV{MAX}) { print "commit $hash: subject of " . length($subject) . " characters, at most $ENV{MAX}\n"; $bad = 1 }
    if ($subject !~ /^[A-Za-z0-9 ,.\/_-]+: \S/) { print "commit $hash: the subject has no scope, as in \"gateway: reject large bodies\"\n"; $bad = 1 }
    for my $word (@words) { if ($subject =~ /\b\Q$word\E\b/i) { print "commit $hash: \"$word\" in the subject\n"; $bad = 1 } }
    END { $? = $bad }
  '
}

main "$@"
