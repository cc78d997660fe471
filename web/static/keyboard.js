/* The software keyboard for passwords (R5.4, R5.5; the manual's 別紙3): ES5 and the DOM of the IE 11 engine, no library.
   Each <span data-keyboard="ID of its field"> becomes a button that opens the keys; without script there is none.
   All words are the page's: data attributes of that span, where {} stands for a key or a number. */
(function () {
  'use strict';

  var DIGITS = '0123456789';
  var LETTERS = 'abcdefghijklmnopqrstuvwxyz';
  var LEFT_OR_RIGHT = { ArrowLeft: -1, Left: -1, ArrowRight: 1, Right: 1 }; // IE 11 has names of its own
  var UP_OR_DOWN = { ArrowUp: -1, Up: -1, ArrowDown: 1, Down: 1 };
  var chance = window.crypto || window.msCrypto;
  var closeTheOpenOne = null; // at most one keyboard is open on a page

  function below(n) { // of 2^32 the uneven rest is nothing against 26 keys
    var drawn = new Uint32Array(1);
    chance.getRandomValues(drawn);
    return drawn[0] % n;
  }

  function shuffled(text) {
    var signs = text.split(''), i, other, sign;
    for (i = signs.length - 1; i > 0; i -= 1) {
      other = below(i + 1);
      sign = signs[i];
      signs[i] = signs[other];
      signs[other] = sign;
    }
    return signs;
  }

  function make(tag, look, parent) {
    var element = document.createElement(tag);
    element.className = look;
    parent.appendChild(element);
    return element;
  }

  function makeButton(look, text, parent, press) {
    var button = make('button', look, parent);
    button.type = 'button';
    button.textContent = text;
    button.addEventListener('click', press);
    return button;
  }

  function middle(box) {
    return (box.left + box.right) / 2;
  }

  /* Of `buttons` the nearest in the next row: `way` is -1 upwards, 1 downwards. Nothing where there is no such row. */
  function inNextRow(from, buttons, way) {
    var here = from.getBoundingClientRect(), found = null, least = Infinity;
    buttons.forEach(function (button) {
      var there = button.getBoundingClientRect(), rows = (there.top - here.top) * way, far;
      far = rows * 1000 + Math.abs(middle(there) - middle(here)); // the row counts first, then the column
      if (rows > 1 && far < least) {
        least = far;
        found = button;
      }
    });
    return found;
  }

  function attach(place) {
    var field = document.getElementById(place.getAttribute('data-keyboard'));
    var whole = place.parentNode.parentNode;
    var opener, panel, count, keys, turn, letters, capitals;

    function words(name, value) {
      return place.getAttribute('data-' + name).replace('{}', value);
    }

    function tell() {
      count.textContent = words('count', field.value.length);
    }

    function type(sign) {
      if (field.value.length < field.maxLength) {
        field.value += sign;
      }
      tell();
    }

    function drop() {
      field.value = field.value.slice(0, -1);
      tell();
    }

    function clear() {
      field.value = '';
      tell();
    }

    function addDigit(digit) {
      var key = makeButton('kb__key kb__key--digit', digit, keys, function () { type(digit); });
      key.setAttribute('aria-label', words('digit', digit));
    }

    function addLetter(small) {
      var key = makeButton('kb__key', '', keys, function () { type(key.textContent); });
      letters.push({ key: key, small: small });
    }

    /* The other case on the same keys, so that neither eye nor focus loses its place. */
    function setCase(capital) {
      capitals = capital;
      letters.forEach(function (letter) {
        var sign = capital ? letter.small.toUpperCase() : letter.small;
        letter.key.textContent = sign;
        letter.key.setAttribute('aria-label', words(capital ? 'capital' : 'small', sign));
      });
      turn.textContent = words(capital ? 'to-small' : 'to-capital');
    }

    function close() {
      keys.textContent = ''; // no order of the keys stays behind
      panel.hidden = true;
      opener.setAttribute('aria-expanded', 'false');
      closeTheOpenOne = null;
    }

    function leave() {
      close();
      opener.focus();
    }

    function open() {
      if (closeTheOpenOne) {
        closeTheOpenOne();
      }
      closeTheOpenOne = close;
      letters = [];
      shuffled(DIGITS).forEach(addDigit);
      shuffled(LETTERS).forEach(addLetter);
      turn = makeButton('kb__key kb__key--turn', '', keys, function () { setCase(!capitals); });
      setCase(false);
      tell();
      panel.hidden = false;
      opener.setAttribute('aria-expanded', 'true');
      keys.firstChild.focus();
    }

    function move(from, event) {
      var buttons = Array.prototype.slice.call(panel.querySelectorAll('button')), next;
      if (LEFT_OR_RIGHT[event.key]) {
        next = buttons[buttons.indexOf(from) + LEFT_OR_RIGHT[event.key]];
      } else {
        next = inNextRow(from, buttons, UP_OR_DOWN[event.key]);
      }
      if (next) {
        next.focus();
      }
    }

    /* The real keyboard goes on typing, also while the focus is on one of ours. */
    function onKey(event) {
      if (event.key === 'Escape' || event.key === 'Esc') {
        leave();
      } else if (!panel.contains(event.target)) {
        return;
      } else if (LEFT_OR_RIGHT[event.key] || UP_OR_DOWN[event.key]) {
        move(event.target, event);
      } else if (event.key === 'Backspace') {
        drop();
      } else if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.altKey && !event.metaKey) {
        type(event.key);
      } else {
        return;
      }
      event.preventDefault();
    }

    function makePanel() {
      var head, acts;
      panel = make('div', 'kb', whole);
      panel.id = field.id + '-keyboard';
      panel.hidden = true;
      panel.setAttribute('role', 'group');
      panel.setAttribute('aria-label', words('title'));
      panel.setAttribute('aria-describedby', field.id + '-label');
      head = make('div', 'kb__head', panel);
      make('b', 'kb__title', head).textContent = words('title');
      count = make('span', 'sub', head);
      count.setAttribute('role', 'status');
      keys = make('div', 'kb__keys', panel);
      acts = make('div', 'kb__acts', panel);
      makeButton('kb__act', words('delete'), acts, drop);
      makeButton('kb__act', words('clear'), acts, clear);
      makeButton('kb__act', words('close'), acts, leave);
    }

    function makeOpener() {
      opener = makeButton('btn', words('open'), place.parentNode, function () {
        if (panel.hidden) {
          open();
        } else {
          close();
        }
      });
      opener.insertBefore(place.querySelector('svg'), opener.firstChild);
      opener.setAttribute('aria-controls', panel.id);
      opener.setAttribute('aria-expanded', 'false');
      opener.setAttribute('aria-describedby', field.id + '-label');
    }

    makePanel();
    makeOpener();
    field.addEventListener('input', tell);
    whole.addEventListener('keydown', function (event) {
      if (!panel.hidden) {
        onKey(event);
      }
    });
  }

  if (chance) {
    Array.prototype.forEach.call(document.querySelectorAll('[data-keyboard]'), attach);
  }
}());
