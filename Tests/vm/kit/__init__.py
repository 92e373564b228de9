# SPDX-License-Identifier: GPL-2.0-or-later
"""What the scenarios share; Python's standard library alone."""
