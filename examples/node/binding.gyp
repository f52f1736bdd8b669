# SPDX-License-Identifier: BSD-3-Clause
{
  'targets': [{
    'target_name': 'asker',
    'sources': ['asker.c', 'asker_node.c'],
    'cflags': ['-Wall', '-Wextra', '<!@(pkg-config --cflags libcgo)'],
    'libraries': ['<!@(pkg-config --libs libcgo)'],
  }],
}
