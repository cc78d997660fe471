/* What a double click would send twice is sent once: the second answer would replace a page that is shown only once.
   ES5 for the IE 11 engine; without script the second one is refused or answered alike by the server. */
(function () {
  'use strict';

  var PAUSE = 3000; // milliseconds until the same form may be sent again

  function sendOnce(form) {
    var sent = false;
    form.addEventListener('submit', function (event) {
      if (sent) { event.preventDefault(); return; }
      sent = true;
      window.setTimeout(function () { sent = false; }, PAUSE);
    });
  }

  var forms = document.querySelectorAll('form[method=post]'), i;
  for (i = 0; i < forms.length; i += 1) { sendOnce(forms[i]); }
}());
