# SPDX-License-Identifier: MIT
# Downloads and unpacks packages of any Debian suite and architecture, without installing them.
# Sourced by parts/*, which run with set -e and $MEMFD_GO_CACHE set.
#
# Each suite and architecture has its own apt root in the cache. The host's apt only provides the
# mirror and the proxy settings.
# shellcheck shell=sh

die() {
	echo "$*" >&2
	exit 1
}

# apt_get SUITE ARCH ARGUMENT...: run apt-get in that root.
apt_get() {
	config=$MEMFD_GO_CACHE/apt/$1-$2/apt.conf
	shift 2
	apt-get -c "$config" -qq "$@"
}

# apt_mirror: the first Debian mirror in the host's sources.
apt_mirror() {
	# shellcheck disable=SC2016 # apt expands these
	apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk '$2 !~ /-/ && $1 ~ /debian\/?$/ { print $1; exit }'
}

# apt_done: release the lock of the root, for the parts that run in parallel.
apt_done() { exec 8>&-; }

# apt_root SUITE ARCH: lock the root, create it if needed, and fetch the package lists. ARCH is
# "source" for source packages.
apt_root() {
	command -v apt-get > /dev/null || die "apt-get not found; toolchains come from Debian packages"
	root=$MEMFD_GO_CACHE/apt/$1-$2
	mkdir -p "$root/lists/partial" "$root/archives/partial"
	exec 8> "$root/.lock" # until apt_done
	flock 8
	: > "$root/status"
	mirror=$(apt_mirror)
	[ -n "$mirror" ] || die "no Debian mirror in the sources of apt"
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -f $keyring ] || die "$keyring not found; install debian-archive-keyring"
	# target= leaves out icons and translations. #clear removes the host's hooks.
	packages_of=$2 packages='deb [target=Packages'
	[ "$2" != source ] || packages_of=amd64 packages='deb-src [target=Sources'
	echo "$packages signed-by=$keyring] $mirror $1 main" > "$root/sources.list"
	cat > "$root/apt.conf" <<-EOF
		#clear APT::Update;
		#clear APT::Architectures;
		#clear DPkg::Post-Invoke;
		APT::Architecture "$packages_of";
		APT::Architectures { "$packages_of"; };
		APT::Install-Recommends "false";
		APT::Sandbox::User "";
		Dir::Etc::SourceList "$root/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::State "$root";
		Dir::State::lists "$root/lists";
		Dir::State::status "$root/status";
		Dir::Cache "$root";
		Dir::Cache::archives "$root/archives";
	EOF
	# Once an hour is enough, and parts share the lists.
	if [ -z "$(find "$root/updated" -mmin -60 2> /dev/null)" ]; then
		apt_get "$1" "$2" update || die "cannot fetch the package lists of $1 for $2 from $mirror"
		touch "$root/updated"
	fi
}

# unpack_archives SUITE ARCH DEST: unpack the downloaded packages into DEST, and delete them.
unpack_archives() {
	archives=$MEMFD_GO_CACHE/apt/$1-$2/archives
	for deb in "$archives"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$3" --keep-directory-symlink --exclude='./usr/share/doc' --exclude='./usr/share/man'
		rm "$deb"
	done
	apt_done
}

# unpack_closure SUITE ARCH DEST PACKAGE...: download and unpack packages and their dependencies.
unpack_closure() {
	apt_root "$1" "$2"
	suite=$1 arch=$2 dest=$3
	shift 3
	apt_get "$suite" "$arch" -y --download-only install "$@" ||
		die "cannot download $* and dependencies, $suite for $arch"
	unpack_archives "$suite" "$arch" "$dest"
}

# unpack SUITE ARCH DEST PACKAGE...: the same, without dependencies.
unpack() {
	apt_root "$1" "$2"
	suite=$1 arch=$2 dest=$3
	shift 3
	(cd "$MEMFD_GO_CACHE/apt/$suite-$arch/archives" && apt_get "$suite" "$arch" download "$@") ||
		die "cannot download $*, $suite for $arch"
	unpack_archives "$suite" "$arch" "$dest"
}

# unpack_source SUITE DEST PACKAGE: unpack the upstream source of a package, without the top folder.
unpack_source() {
	apt_root "$1" source
	archives=$MEMFD_GO_CACHE/apt/$1-source/archives
	(cd "$archives" && apt_get "$1" source --tar-only source "$3") ||
		die "cannot download the source of $3, $1"
	tar -xf "$archives/$3"_*.orig.tar.* -C "$2" --strip-components=1
	rm "$archives/$3"_*
	apt_done
}

# run_with_own_libc DEST DIRECTORY...: replace each program in the directories by a script that
# starts it with the loader and libraries in DEST, because it may need a newer libc than the host's.
run_with_own_libc() {
	tree=$1
	shift
	find "$@" -type f -perm -100 ! -name '*.so*' | while read -r program; do
		head -c 4096 "$program" | grep -qa /lib64/ld-linux-x86-64.so.2 || continue
		mv "$program" "$program.elf"
		cat > "$program" <<-EOF
			#!/bin/sh
			exec $tree/usr/lib64/ld-linux-x86-64.so.2 \\
				--library-path $tree/usr/lib/x86_64-linux-gnu --argv0 "\$0" $program.elf "\$@"
		EOF
		chmod +x "$program"
	done
}
