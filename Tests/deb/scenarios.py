# SPDX-License-Identifier: GPL-2.0-or-later
"""The packages on a Debian 12: each scenario finds the machine as the one before left it.

usage: scenarios.py [--again] FOLDER DISK [SCENARIO]...
--again: from the machine as an earlier run kept it before the first of these.
"""

import re
import sys
import time

from machine import Failed, Machine

INSTALL = "apt-get -q -y install --no-install-recommends"
SCENARIOS = []


def scenario(function):
    SCENARIOS.append(function)
    return function


def check(condition, text):
    if not condition:
        raise Failed(text)


def packages(folder):
    return f"/shelf/{folder}/e7_*.deb /shelf/{folder}/e7-dkms_*.deb"


def mode(machine):
    return machine.run("e7-client get mode").split()[-1]


@scenario
def without_e7_both_talk(m):
    """The control of all that follows: what is looked for is there."""
    time.sleep(5)
    check(m.sent(9998) and m.sent(9999), "the talkers are not heard")


@scenario
def first_install_enforces_nothing(m):
    """By the README's words."""
    m.run("""
        cat >/etc/apt/apt.conf.d/99e7-test <<END
        APT::Get::Assume-Yes "yes";
        APT::Install-Recommends "no";
        END""".replace("\n        ", "\n"))
    said = m.run("""
        cd /shelf/first
        sudo() { "$@"; }
        eval "$(grep '^sudo apt install' /shelf/README.md)" """)
    lines = [line for line in said.splitlines() if line.startswith("e7: ")]
    check(len(lines) == 3, f"not three lines of what to do: {said}")
    check("loaded, signed by" in m.run("e7-guard status"), "the module is not loaded, or unsigned")
    check(mode(m) == "disabled", "it is switched on")
    before = len(m.sent(9999))
    time.sleep(3)
    check(len(m.sent(9999)) > before, "what talked before does not any more")


@scenario
def users_exist_and_groups_are_empty(m):
    m.run("""
        getent passwd _e7-priv _e7-broker
        for group in e7-admin e7-view; do
            [ -z "$(getent group $group | cut -d : -f 4)" ] || exit 1
        done""")


@scenario
def units_are_confined(m):
    m.run("[ $(systemctl is-active e7-guard e7.socket e7-lanes.socket e7-control.socket e7-priv e7-broker "
          "e7-rules | sort -u) = active ]")
    for unit, most in (("e7-priv", 1.0), ("e7-broker", 1.0), ("e7-rules", 1.0), ("e7-guard", 3.0)):
        said = m.run(f"systemd-analyze security --no-pager {unit}.service | grep Overall")
        print(said)
        score = float(re.search(rf"for {unit}.service: ([0-9.]+)", said)[1])
        check(score <= most, f"{unit}: {score}")
    # What the services themselves make of it.
    m.run("""
        for unit in e7-priv e7-broker; do
            status=/proc/$(systemctl show --value -p MainPID $unit)/status
            [ "$(awk '/^Uid:/ {print $2}' $status)" = "$(id -u _$unit)" ] &&
                grep -q '^CapEff:.0000000000000000' $status && grep -q '^Seccomp:.2' $status || exit 1
        done""")


@scenario
def a_user_looks_and_root_edits(m):
    m.run("bash /shelf/tests/edits")


@scenario
def starter_rules_load(m):
    m.run("e7-client load /usr/share/doc/e7/examples/starter.rules && e7-client clear")


@scenario
def a_restart_drops_no_console(m):
    """Who connects while the suite is down is answered when it is back."""
    m.run("""
        for unit in e7-priv e7-broker; do
            systemctl kill -s KILL $unit
            e7-client query
            e7-client set drops disabled
        done""")
    m.run("systemctl restart e7-priv e7-broker & e7-client query; wait")
    m.run("e7-client set drops disabled")
    m.run("[ $(systemctl is-active e7-priv e7-broker e7.socket e7-lanes.socket | sort -u) = active ]")


@scenario
def memory_idle(m):
    print(m.run("""
        for pid in $(pidof e7-priv e7-broker); do
            echo "$(cat /proc/$pid/comm) uid=$(stat -c %u /proc/$pid) $(grep ^Pss: /proc/$pid/smaps_rollup)"
        done"""))


@scenario
def blocks_and_saves(m):
    m.run("""
        e7-client block udp /usr/local/bin/bad
        e7-client allow udp /usr/local/bin/good
        e7-client enable
        e7-client save""")
    count = len(m.sent(9999))
    time.sleep(3)
    check(len(m.sent(9999)) == count, "what is blocked is heard")


@scenario
def still_blocked_before_the_network(m):
    m.halt()
    m.boot()
    check(mode(m) == "enabled", "not switched on after the boot")
    check(m.sent(9998), "what is allowed is not heard")
    check(not m.sent(9999), "what is blocked was heard at the boot")
    print(m.run("""
        for unit in e7-guard.service e7-priv.service e7-rules.service network-pre.target systemd-networkd.service; do
            echo "$unit $(systemctl show --value -p ActiveEnterTimestampMonotonic $unit) us"
        done"""))
    m.run("""
        at() { systemctl show --value -p ActiveEnterTimestampMonotonic $1; }
        [ $(at e7-priv.service) -le $(at e7-rules.service) ] && [ $(at e7-rules.service) -le $(at network-pre.target) ]""")


@scenario
def upgrade_under_traffic(m):
    before = m.run("e7-client query; e7-client get generation; cat /etc/e7/rules; cat /sys/module/e7/version; "
                   "e7-client get uptime").rsplit(None, 1)
    m.run(f"{INSTALL} {packages('second')}")
    after = m.run("e7-client query; e7-client get generation; cat /etc/e7/rules; cat /sys/module/e7/version; "
                  "e7-client get uptime").rsplit(None, 1)
    strip = lambda text: re.sub(r"(hits|last)[ =][^#\n]*", "", re.sub(r"#.*", "", text))
    check(strip(before[0]) == strip(after[0]), f"rules or files changed:\n{before[0]}\n{after[0]}")
    check(int(after[1].strip("s")) > int(before[1].strip("s")), "the module was loaded again")
    numbers = m.sent(9998)
    check(numbers == list(range(numbers[0], numbers[0] + len(numbers))), "what is allowed was cut")
    check(not m.sent(9999), "what is blocked was let through")
    print(f"{len(numbers)} packets in order, none of what is blocked")


@scenario
def a_module_that_does_not_build_is_survived(m):
    said = m.run(f"{INSTALL} {packages('broken')}")
    check("WARNING" in said and "stays" in said, f"nothing was said: {said}")
    m.run("modinfo -F filename e7 && ls /var/lib/e7-dkms/failed/$(uname -r)")
    check(mode(m) == "enabled", "the mode changed")
    m.halt()
    m.boot()
    check(mode(m) == "enabled", "no module at the next boot")
    check(m.sent(9998) and not m.sent(9999), "the next boot does not block")


@scenario
def the_next_upgrade_repairs_it(m):
    m.run(f"{INSTALL} {packages('third')}")
    m.run("[ ! -e /var/lib/e7-dkms/failed ] && dkms status e7 | grep -q installed")
    # Its shell complains of pipes that a unit of systemd does not die of.
    said = m.run("dkms status e7 2>/dev/null")
    check(len(said.splitlines()) == 1, f"dkms knows more than one: {said}")


@scenario
def a_newer_kernel_gets_its_module(m):
    m.run("dpkg -i /shelf/kernel/*.deb")
    release = m.run("ls /lib/modules | sort -V | tail -n 1").strip()
    m.run(f"modinfo -k {release} -F vermagic e7")
    m.halt()
    m.take_kernel(release)
    m.boot()
    check(m.run("uname -r").strip() == release, "not that kernel")
    check(mode(m) == "enabled", "no module on the newer kernel")
    check(m.sent(9998) and not m.sent(9999), "the newer kernel does not block")


@scenario
def without_a_module_the_policy_holds(m):
    """Said loudly, and block as /etc/e7/e7.conf wants it."""
    m.run("""
        echo 'without-module = block' >/etc/e7/e7.conf
        mv /lib/modules/$(uname -r)/updates/dkms /root/dkms
        depmod""")
    m.halt()
    m.boot()
    said = m.run("e7-guard status", status=1)
    check("not built" in said and "nothing passes" in said, said)
    check(not m.sent(9998) and not m.sent(9999), "packets at a boot that blocks")
    check("NO FIREWALL MODULE" in m.run("journalctl -b -u e7-guard -o cat"), "it was not said")
    m.run("""
        mv /root/dkms /lib/modules/$(uname -r)/updates/dkms
        depmod
        e7-guard start""")
    time.sleep(3)
    check(mode(m) == "enabled", "the suite did not find the module")
    check(m.sent(9998) and not m.sent(9999), "not as the rules say")


@scenario
def signatures_are_checked_and_told_apart(m):
    """DKMS's key has signed; a kernel that asks for signatures knows that key, or does not."""
    m.run(r"""
        echo 'without-module = open' >/etc/e7/e7.conf
        cd /root
        # As the kernel sees it; that of a newer Debian is compressed on disk.
        file=$(modinfo -F filename e7)
        module=e7.ko
        case $file in
            *.xz) xz -dc $file >$module ;;
            *) cp $file $module ;;
        esac
        total=$(stat -c %s $module)
        # The signature, 12 bytes about it, the last 4 of them its length, and 28 bytes of text.
        size=$((0x$(tail -c 32 $module | head -c 4 | od -An -tx1 | tr -d ' \n')))
        head -c $((total - 40 - size)) $module >signed
        tail -c $((40 + size)) $module | head -c $size >signature
        openssl x509 -inform DER -in /var/lib/dkms/mok.pub -out mok.pem
        verify() {
            openssl cms -verify -binary -inform DER -in signature -content $1 -certfile mok.pem \
                -nointern -noverify -out /dev/null
        }
        verify signed
        { cat signed; echo; } >forged
        if verify forged; then exit 1; fi""")
    m.halt()
    m.boot("module.sig_enforce=1")
    said = m.run("e7-guard status", status=1)
    check("signed by" in said and "may not know" in said and "everything passes" in said, said)
    m.run("""
        file=$(modinfo -F filename e7)
        cp $file /root/whole
        strip --strip-debug -o /root/stripped.ko /root/e7.ko
        case $file in
            *.xz) xz --check=crc32 -c /root/stripped.ko >$file ;;
            *) cp /root/stripped.ko $file ;;
        esac""")
    said = m.run("e7-guard status", status=1)
    check("unsigned" in said, said)
    m.run("mv /root/whole $(modinfo -F filename e7); rm /root/e7.ko /root/stripped.ko")
    m.halt()
    m.boot()
    check(mode(m) == "enabled", "no module after the signatures")


@scenario
def a_timed_rule_ends_while_the_machine_sleeps(m):
    """Its time is that of the clock that goes on in suspend, to memory here."""
    clocks = "python3 -c 'import time; print(time.clock_gettime(time.CLOCK_MONOTONIC), time.clock_gettime(7))'"
    m.run("e7-client block udp /usr/local/bin/good port 9998 for 90s")
    awake, all_of_it = map(float, m.run(clocks).split())
    count = len(m.sent(9998))
    m.sleep(120)
    after, all_after = map(float, m.run(clocks).split())
    said = m.run("e7-client query")
    print(f"{all_after - all_of_it:.0f} s, awake for {after - awake:.0f} s of them")
    check(after - awake < 80, "the machine did not sleep for long enough to tell")
    check("port 9998" not in said, f"the rule is still there: {said}")
    time.sleep(3)
    check(len(m.sent(9998)) > count, "what the rule blocked is still silent")
    check(not m.sent(9999), "what is blocked was let through")


@scenario
def removal_restores_the_network(m):
    m.run("apt-get -q -y remove e7 e7-dkms")
    m.run("""
        [ ! -d /sys/module/e7 ] && [ -e /etc/e7/rules ] || exit 1
        if pidof e7-priv e7-broker; then exit 1; fi
        if modinfo e7 2>/dev/null; then exit 1; fi""")
    before = len(m.sent(9999))
    time.sleep(3)
    check(len(m.sent(9999)) > before, "what was blocked is still silent")


@scenario
def reinstall_is_as_before(m):
    m.run(f"{INSTALL} {packages('third')}")
    time.sleep(5)
    check(mode(m) == "enabled", "the saved rules are not in force")


@scenario
def purge_leaves_the_users_alone(m):
    m.run("apt-get -q -y purge e7 e7-dkms")
    said = m.run("""
        find / -xdev \\( -name 'e7*' -o -name '_e7*' -o -name '*[-_.]e7' \\) \\
            -not -path '/proc/*' -not -path '/sys/*' -not -path '/run/agent*' -not -path '/root/*' 2>/dev/null
        getent passwd _e7-priv _e7-broker >/dev/null
        getent group e7-admin e7-view >/dev/null""")
    check(not said.strip(), f"purge left: {said}")


def main():
    again = sys.argv[1:2] == ["--again"]
    folder, disk, *names = sys.argv[2 if again else 1:]
    order = [function.__name__ for function in SCENARIOS]
    unknown = [name for name in names if name not in order]
    if unknown:
        sys.exit(f"no scenario {unknown[0]}; there are: {' '.join(order)}")
    machine = Machine(folder, disk)
    kept = machine.folder / "kept"
    if not again:
        machine.create()
        kept.write_text("")
    done = kept.read_text().split()
    if not names:
        names = [name for name in order if name not in done]
    passed = failed = 0
    try:
        before = order[:order.index(names[0])]
        if again and before:
            if before[-1] not in done:
                sys.exit(f"{names[0]}: no machine was kept as {before[-1]} leaves it")
            machine.come_back(before[-1])
        for name in names:
            started = time.monotonic()
            try:
                if not machine.process:
                    machine.boot()
                SCENARIOS[order.index(name)](machine)
                passed += 1
                word = "ok"
            except (Failed, OSError, ValueError, IndexError, TypeError) as error:
                failed += 1
                word = f"FAILED: {error!r}" if not isinstance(error, Failed) else f"FAILED: {error}"
            print(f"{name}: {word} ({time.monotonic() - started:.0f} s)", flush=True)
            # What was kept of a machine that is another now is of no use.
            done = [other for other in done if order.index(other) < order.index(name)]
            if word == "ok" and (not order.index(name) or order[order.index(name) - 1] in done):
                machine.keep(name)
                done.append(name)
            kept.write_text("\n".join(done))
    finally:
        machine.kill()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
