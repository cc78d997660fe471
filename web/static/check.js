/* The self-check of /help/check (R11.3): tests this browser and shows, in each row, the words that fit what was found.
   ES5 for the IE 11 engine. All words stand in the page; here are only the names of outcomes. */
(function () {
  'use strict';

  var SIZE = 'width=480,height=400';
  var LOOK_EVERY = 100; // milliseconds
  var LONGEST = 5000; // milliseconds that a page of ours may take to come
  var COOKIE = '__Host-shomei-check';

  function byId(id) { return document.getElementById(id); }

  function each(list, act) {
    var i;
    for (i = 0; i < list.length; i += 1) { act(list[i]); }
  }

  function show(place, outcome) {
    each(place.querySelectorAll('[data-when]'), function (part) {
      part.hidden = part.getAttribute('data-when').split(' ').indexOf(outcome) < 0;
    });
  }

  function summary() {
    var found = {};
    each(document.querySelectorAll('[data-verdict]'), function (badge) {
      if (!badge.hidden) { found[badge.getAttribute('data-verdict')] = true; }
    });
    show(byId('check-summary'), found.mend ? 'mend' : found.open ? 'open' : found.unknown ? 'unknown' : 'good');
  }

  function tell(row, outcome) {
    show(byId('check-' + row), outcome);
    summary();
  }

  /* ---- cookies: one that a script keeps, and the server's, without which its picture does not come */

  function keepsOwn() {
    var flags = '; path=/; secure; samesite=lax', kept;
    document.cookie = COOKIE + '=1' + flags;
    kept = document.cookie.indexOf(COOKIE + '=1') >= 0;
    document.cookie = COOKIE + '=; expires=Thu, 01 Jan 1970 00:00:00 GMT' + flags;
    return kept;
  }

  function cookies() {
    var look = document.createElement('img'), own = keepsOwn();
    look.onload = function () { tell('cookie', own ? 'kept' : 'blocked'); };
    look.onerror = function () { tell('cookie', 'blocked'); };
    look.src = byId('check-summary').getAttribute('data-picture');
  }

  /* ---- pop-ups: one at a press, which every browser may allow, and one by itself, which only a listed site may open */

  function hasCome(opened) {
    try {
      return opened.document.getElementById('popup-arrived') !== null;
    } catch (stranger) { // a page that a blocker put in its place
      return false;
    }
  }

  function whenCome(opened, then) {
    var waited = 0, timer = window.setInterval(function () {
      var come = !opened.closed && hasCome(opened);
      waited += LOOK_EVERY;
      if (come || opened.closed || waited >= LONGEST) {
        window.clearInterval(timer);
        opened.close();
        then(come);
      }
    }, LOOK_EVERY);
  }

  function popups(page) {
    var first = window.open(page, 'shomei_check_1', SIZE);
    if (!first) { tell('popup', 'blocked'); return; }
    tell('popup', 'running');
    whenCome(first, function (come) {
      // The press is used up by now, so this one opens only where the visitor has allowed it.
      var second = come && window.open(page, 'shomei_check_2', SIZE);
      if (!second) { tell('popup', come ? 'asked_only' : 'blocked'); return; }
      whenCome(second, function (again) { tell('popup', again ? 'opened' : 'asked_only'); });
    });
  }

  /* ---- what the browser says of itself */

  function browser() {
    if (document.documentMode) { tell('browser', 'ie_mode'); }
  }

  function windows() {
    // eslint-disable-next-line compat/compat -- where a browser has no such hints, what the server saw stays
    var hints = navigator.userAgentData;
    if (!hints || hints.platform !== 'Windows') { return; }
    hints.getHighEntropyValues(['platformVersion']).then(function (told) {
      var major = parseInt(told.platformVersion, 10); // 13 and above: Windows 11; 1 to 10: Windows 10; 0: before
      tell('windows', major >= 13 ? 'windows_11' : major > 0 ? 'windows_10' : 'older_windows');
    });
  }

  byId('check-popup-begin').addEventListener('click', function () { popups(this.getAttribute('data-page')); });
  byId('check-download-begin').addEventListener('click', function () { tell('download', 'asking'); });
  each(document.querySelectorAll('[data-answer]'), function (button) {
    button.addEventListener('click', function () { tell('download', button.getAttribute('data-answer')); });
  });
  tell('script', 'on');
  tell('popup', 'ready');
  tell('download', 'ready');
  cookies();
  browser();
  windows();
}());
