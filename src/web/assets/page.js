/* Copies the link of the player page. ES5; the page is whole without it. */
(function () {
  var buttons = document.querySelectorAll('button[data-copy]');
  function wire(button) {
    var field = document.getElementById(button.getAttribute('data-copy'));
    if (!field || !document.execCommand) { return; }
    button.removeAttribute('hidden');
    button.addEventListener('click', function () {
      field.focus();
      field.select();
      field.setSelectionRange(0, field.value.length);
      button.textContent = document.execCommand('copy') ? 'Copied' : 'Select and copy it';
    });
  }
  for (var i = 0; i < buttons.length; i++) { wire(buttons[i]); }
}());
